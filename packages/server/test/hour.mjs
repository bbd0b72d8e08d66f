// The full run of hour.test.ts. Usage: npm run hour -w @latchkey/server [-- --minutes 60 --store SQLite|PostgreSQL --seed N]
// In fewer than ten minutes memory is not flat yet: programs take as long to be compiled and to fill what they remember.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runAlone } from './run-alone.mjs'

const options = {
  minutes: { type: 'string', default: '60' },
  store: { type: 'string', default: 'SQLite' },
  seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
}
const { minutes, store, seed } = parseArgs({ options }).values
process.env.HOUR_MINUTES = minutes
process.env.HOUR_SEED = seed
console.log(`${minutes} minutes on ${store}, seed ${seed}`)
await runAlone(['hour.test.ts'], store)
