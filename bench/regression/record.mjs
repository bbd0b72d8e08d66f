/** Records what the quick paths take now, on a machine that does nothing else: node bench/regression/record.mjs. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expectedFile, lowestRatios, machine } from './lowest.mjs'

const lowest = Object.entries(await lowestRatios()).map(([name, ratio]) => [name, Number(ratio.toFixed(3))])
const all = { ...JSON.parse(readFileSync(expectedFile, 'utf8')), [machine]: Object.fromEntries(lowest) }
writeFileSync(expectedFile, `${JSON.stringify(all, undefined, 2)}\n`)
console.log(all[machine])
