// The full run of store/restarts.test.ts on both stores. Usage: npm run restarts -w @latchkey/server [-- restarts]
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

const [restarts = '100'] = process.argv.slice(2)
process.env.RESTARTS = restarts
const root = fileURLToPath(new URL('../../..', import.meta.url))
const vitest = await startVitest('test', ['packages/server/test/store/restarts.test.ts'], { root, watch: false })
await vitest.close()
