/**
 * Asks one route at a steady rate. Usage: steady.mjs URL PATH PER_SECOND HEADERS, where HEADERS is a JSON list of the headers of a
 * request, taken in turns.
 *
 * It says that it is ready, and answers each line on standard input, a number of milliseconds, when it has asked for that long.
 */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { openConnections, requestText } from '../lib/load.mjs'
import { quantile } from '../lib/rounds.mjs'
import { askSteadily } from '../lib/steady.mjs'

const connections = 32

const [url, path, perSecond, headers] = process.argv.slice(2)
const requests = JSON.parse(headers).map((one) => requestText(path, one))
let next = 0
const nextText = () => requests[next++ % requests.length]
console.log('{}')
createInterface({ input: process.stdin }).on('line', async (line) => {
  // New ones each time: a server closes those that were idle.
  const opened = await openConnections(url, connections)
  const took = await askSteadily(opened, Number(perSecond), Number(line), nextText)
  for (const { close } of opened) close()
  console.log(JSON.stringify({ p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) }))
})
