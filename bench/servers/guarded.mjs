/**
 * One application with an open and a guarded route, as its documentation says to build it. Usage: guarded.mjs NAME PARTS, where
 * PARTS is JSON: `server`, the URL of a Latchkey server; `issuer`, `audience`; `jwk`, the public key of the tokens.
 *
 * It prints its port, and answers each line on standard input with the microseconds of CPU that it has used.
 */
import { createPublicKey } from 'node:crypto'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { apps } from './apps.mjs'

const [name, parts] = process.argv.slice(2)
const { jwk, ...rest } = JSON.parse(parts)
const publicKey = createPublicKey({ key: jwk, format: 'jwk' })
const pem = publicKey.export({ type: 'spki', format: 'pem' })
const started = await apps[name].start({ ...rest, jwk, publicKey, pem })
console.log(JSON.stringify(typeof started === 'number' ? { port: started } : started))
createInterface({ input: process.stdin }).on('line', () => {
  const { user, system } = process.cpuUsage()
  console.log(JSON.stringify({ cpuMicroseconds: user + system }))
})
