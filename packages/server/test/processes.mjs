// The full runs of store/processes.test.ts, store/feed.test.ts and store/bad-days.test.ts on both stores. Usage: npm run processes -w @latchkey/server
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

process.env.PROCESSES_SCALE = '1'
const root = fileURLToPath(new URL('../../..', import.meta.url))
const files = ['processes', 'feed', 'bad-days'].map((name) => `packages/server/test/store/${name}.test.ts`)
const vitest = await startVitest('test', files, { root, watch: false })
await vitest.close()
