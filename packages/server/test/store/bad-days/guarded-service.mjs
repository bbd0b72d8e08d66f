/**
 * A service that follows a Latchkey server, as a process of its own. Usage: guarded-service.mjs SERVER ISSUER
 *
 * It prints its port. `POST /decisions` takes a list of tokens, and answers whether the guard lets each pass, together with
 * how old its copy of the revocations was in that tick.
 */
import { createServer } from 'node:http'
import process from 'node:process'
import { createAuth } from 'latchkey'
import { guard } from 'latchkey/node'

const [server, issuer] = process.argv.slice(2)
const auth = createAuth({ server, issuer })
const allowed = guard(auth)
const nowhere = { statusCode: 200, setHeader() {}, end() {} }
const accepts = (token) =>
  allowed({ method: 'GET', url: '/', headers: {}, rawHeaders: ['Authorization', `Bearer ${token}`] }, { ...nowhere })

const http = createServer(async (request, response) => {
  if (request.url !== '/decisions') {
    if (allowed(request, response)) response.end('{}')
    return
  }
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  const accepted = JSON.parse(text).map(accepts)
  // After the decisions: a process that is stopped in between must not call them fresh.
  const { revocationsAgeMs, problem } = auth.status()
  response.end(JSON.stringify({ accepted, revocationsAgeMs, problem }))
})

http.listen(0, '127.0.0.1')
await auth.ready()
console.log(String(http.address().port))
process.once('SIGTERM', () => process.exit(0))
