/**
 * One application with an open and a guarded route, as its documentation says to build it. Usage: guarded.mjs NAME PARTS, where
 * PARTS is JSON: `server`, the URL of a Latchkey server, which some can do without; `issuer`, `audience`; `jwk`, the public key of
 * the tokens; `watchLoop`.
 *
 * It prints its port, and answers each line on standard input with the microseconds of CPU that it has used; with `watchLoop` with
 * the 99th percentile of how late its event loop was since the last line, too.
 */
import { createPublicKey } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { apps } from './apps.mjs'

const [name, parts] = process.argv.slice(2)
const { jwk, watchLoop, ...rest } = JSON.parse(parts)
const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
const pem = publicKey.export({ type: 'spki', format: 'pem' })
const started = await apps[name].start({ ...rest, jwk, publicKey, pem })
console.log(JSON.stringify(typeof started === 'number' ? { port: started } : started))
const loop = watchLoop ? monitorEventLoopDelay({ resolution: 1 }) : undefined
loop?.enable()
createInterface({ input: process.stdin }).on('line', () => {
  const { user, system } = process.cpuUsage()
  // What it counts is from one tick of a millisecond to the next.
  const late = loop && { lateP99Ms: loop.percentile(99) / 1e6 - 1 }
  loop?.reset()
  console.log(JSON.stringify({ cpuMicroseconds: user + system, ...late }))
})
