// The full runs of store/kills.test.ts on both stores, one after the other. Usage: npm run kills -w @latchkey/server [-- seconds seed]
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

const [seconds = '600', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
process.env.KILLS_SECONDS = seconds
process.env.KILLS_SEED = seed
console.log(`${seconds} seconds each, seed ${seed}; the packages must be built (npm run build)`)

const root = fileURLToPath(new URL('../../..', import.meta.url))
// One at a time: they share the processors.
const options = { root, watch: false, maxWorkers: 1 }
const vitest = await startVitest('test', ['packages/server/test/store/kills.test.ts'], options)
await vitest.close()
