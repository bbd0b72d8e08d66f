/**
 * A service that follows a Latchkey server until it is ready. Usage: following-service.mjs SERVER ISSUER IDLE_MS TOKEN...
 *
 * It prints how long that took, its memory in megabytes before and after, and which of the tokens its guard lets pass.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout } from 'node:timers/promises'
import { createAuth } from 'latchkey'
import { guard } from 'latchkey/node'

const [server, issuer, idleMs, ...tokens] = process.argv.slice(2)
const megabytes = () => process.memoryUsage().rss / 2 ** 20
const nowhere = { statusCode: 200, setHeader() {}, end() {} }

const before = megabytes()
const cpuBefore = process.cpuUsage()
const began = performance.now()
const auth = createAuth({ server, issuer })
await auth.ready()
const seconds = (performance.now() - began) / 1000
const after = megabytes()
const { user, system } = process.cpuUsage(cpuBefore)
// Not resourceUsage().maxRSS: that counts what the parent had when it forked.
const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
const greatest = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024
const allowed = guard(auth)
const accepted = tokens.map((token) =>
  allowed({ method: 'GET', url: '/', headers: {}, rawHeaders: ['Authorization', `Bearer ${token}`] }, { ...nowhere }),
)
await setTimeout(Number(idleMs))
globalThis.gc()
const settled = megabytes()
console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, before, after, greatest, settled, accepted }))
process.exit(0)
