/**
 * A service that follows a Latchkey server and guards one route. Usage: guarded-service.mjs express|fastify|hono SERVER
 *
 * It prints its port in JSON. `GET /orders` answers how old its copy of the revocations is, in milliseconds.
 */
import { createServer } from 'node:http'
import process from 'node:process'
import { createAuth } from 'latchkey'

const [framework, server] = process.argv.slice(2)
// So few that the cache is full, and forgets, within minutes: what grows after that is no cache.
const auth = createAuth({ server, cacheEntries: 1_000 })
// After the decision: a process that was stopped in between must not call it fresh.
const answer = () => ({ ageMs: auth.status().revocationsAgeMs })

const frameworks = {
  async express() {
    const { default: express } = await import('express')
    const { guard } = await import('latchkey/express')
    const app = express()
    app.get('/orders', guard(auth), (_request, response) => response.json(answer()))
    return createServer(app)
  },
  async fastify() {
    const { default: fastify } = await import('fastify')
    const { guard } = await import('latchkey/fastify')
    const app = fastify()
    app.get('/orders', { onRequest: guard(auth) }, async () => answer())
    await app.ready()
    return app.server
  },
  async hono() {
    const { Hono } = await import('hono')
    const { getRequestListener } = await import('@hono/node-server')
    const { guard } = await import('latchkey/hono')
    const app = new Hono()
    app.get('/orders', guard(auth), (c) => c.json(answer()))
    return createServer(getRequestListener(app.fetch))
  },
}

const http = await frameworks[framework]()
await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve))
await auth.ready()
console.log(JSON.stringify({ msg: 'listens', port: http.address().port }))
process.once('SIGTERM', () => process.exit(0))
