// The full runs of store/kills.test.ts on both stores. Usage: npm run kills -w @latchkey/server [-- seconds seed]
import process from 'node:process'
import { runAlone } from './run-alone.mjs'

const [seconds = '600', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
process.env.KILLS_SECONDS = seconds
process.env.KILLS_SEED = seed
console.log(`${seconds} seconds each, seed ${seed}`)
await runAlone(['store/kills.test.ts'])
