// The full run of store/linearisability.test.ts on both stores. Usage: npm run linearisability -w @latchkey/server [-- histories seed]
import process from 'node:process'
import { runAlone } from './run-alone.mjs'

const [histories = '1000', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
process.env.LINEARISABILITY_HISTORIES = histories
process.env.LINEARISABILITY_SEED = seed
console.log(`${histories} histories on each store, seed ${seed}`)
await runAlone(['store/linearisability.test.ts'])
