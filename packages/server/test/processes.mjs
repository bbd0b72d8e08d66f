// The full run of store/processes.test.ts on both stores. Usage: npm run processes -w @latchkey/server
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

process.env.PROCESSES_SCALE = '1'
const root = fileURLToPath(new URL('../../..', import.meta.url))
const vitest = await startVitest('test', ['packages/server/test/store/processes.test.ts'], { root, watch: false })
await vitest.close()
