// The full run of equal-time.test.ts: 300 wrong secrets for accounts of each kind and 300 for unknown ones by turns, their medians
// and their distributions compared. Takes some minutes on each store. Usage: npm run equal-time -w @latchkey/server [-- tries]
import process from 'node:process'
import { runAlone } from './run-alone.mjs'

const [tries = '300'] = process.argv.slice(2)
process.env.EQUAL_TIME_TRIES = tries
console.log(`${tries} accounts of each kind, and ${tries} unknown ones`)
await runAlone(['equal-time.test.ts'])
