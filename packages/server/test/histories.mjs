// The full run of store/histories.test.ts on both stores. Usage: npm run histories -w @latchkey/server [-- histories seed]
import process from 'node:process'
import { runAlone } from './run-alone.mjs'

const [histories = '10000', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
process.env.HISTORIES = histories
process.env.HISTORIES_SEED = seed
console.log(`${histories} histories on each store, seed ${seed}`)
await runAlone(['store/histories.test.ts'])
