// The full run of store/restarts.test.ts on both stores. Usage: npm run restarts -w @latchkey/server [-- restarts]
import process from 'node:process'
import { runAlone } from './run-alone.mjs'

const [restarts = '100'] = process.argv.slice(2)
process.env.RESTARTS = restarts
await runAlone(['store/restarts.test.ts'])
