// latchkey/client as it is built, in whatever runs this: prints what it saw. Usage: smoke URL
import { createClient } from '../../../latchkey/dist/client/index.js'

const url = (globalThis.Deno?.args ?? globalThis.process.argv.slice(2))[0]
const client = createClient({ server: url })
const events = []
for (const name of ['login', 'refresh', 'logout']) client.on(name, () => events.push(name))
const status = async (path) => (await client.fetch(url + path)).status

const wrong = await client
  .login({ account: 'ann@example.org', secret: 'wrong wrong', type: 100 })
  .catch((error) => error)
await client.login({ account: 'ann@example.org', secret: 'a long passphrase', type: 100 })
const first = await status('/v1/user')
await fetch(`${url}/expire`)
const many = await Promise.all(Array.from({ length: 50 }, () => status('/v1/user')))
const away = await (await client.fetch(`${url}/away`)).text()
const stop = new AbortController()
setTimeout(() => stop.abort(), 20)
const aborted = await client.fetch(`${url}/hang`, { signal: stop.signal }).catch((error) => error.name)
await client.logout()
const out = await status('/v1/user')
console.log(
  JSON.stringify({ wrong: [wrong.kind, wrong.code], first, many: [...new Set(many)], away, aborted, out, events }),
)
