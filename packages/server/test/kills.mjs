// The full runs of store/kills.test.ts on both stores: one of ten minutes, or many of a few seconds with seeds in a row.
// Usage: npm run kills -w @latchkey/server [-- --runs 1 --seconds 600 --seed N]; with more runs than one, 8 seconds each; in fewer than 6 nothing may be killed.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runAlone } from './run-alone.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
const { runs, seed, seconds = runs === '1' ? '600' : '8' } = values
Object.assign(process.env, { KILLS_RUNS: runs, KILLS_SECONDS: seconds, KILLS_SEED: seed })
console.log(`${runs} runs of ${seconds} seconds each, seeds from ${seed} on`)
await runAlone(['store/kills.test.ts'])
