// The full run of store/histories.test.ts on both stores. Usage: npm run histories -w @latchkey/server [-- histories seed]
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

const [histories = '10000', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
process.env.HISTORIES = histories
process.env.HISTORIES_SEED = seed
console.log(`${histories} histories on each store, seed ${seed}; the packages must be built (npm run build)`)

const root = fileURLToPath(new URL('../../..', import.meta.url))
const vitest = await startVitest('test', ['packages/server/test/store/histories.test.ts'], { root, watch: false })
await vitest.close()
