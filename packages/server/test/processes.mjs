// The full runs of store/processes.test.ts, feed.test.ts and bad-days.test.ts on both stores. Usage: npm run processes -w @latchkey/server
import process from 'node:process'
import { runAlone } from './run-alone.mjs'

process.env.PROCESSES_SCALE = '1'
await runAlone(['processes', 'feed', 'bad-days'].map((name) => `store/${name}.test.ts`))
