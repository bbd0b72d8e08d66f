// The full run of store/growth.test.ts on both stores: takes more than half an hour, and 40 GB of the temporary folder.
// Usage: npm run growth -w @latchkey/server [-- sizes rounds revocations seed]
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import process from 'node:process'
import { runAlone } from './run-alone.mjs'

const [sizes = '1000,1000000,10000000', rounds = '400', revocations = '1000000', seed = String(Date.now() % 2 ** 31)] =
  process.argv.slice(2)
const bytesPerSession = 3_600
const needed = sizes.split(',').reduce((sum, size) => sum + Number(size) * bytesPerSession, 1e9)
const { bavail, bsize } = statfsSync(tmpdir())
if (bavail * bsize < needed) {
  console.error(`${tmpdir()} must have ${Math.ceil(needed / 1e9)} GB free; TMPDIR names another folder`)
  process.exit(1)
}
process.env.GROWTH_SIZES = sizes
process.env.GROWTH_ROUNDS = rounds
process.env.GROWTH_REVOCATIONS = revocations
process.env.GROWTH_SEED = seed
console.log(`${sizes} sessions and ${revocations} revocations on each store, seed ${seed}`)
await runAlone(['store/growth.test.ts'])
