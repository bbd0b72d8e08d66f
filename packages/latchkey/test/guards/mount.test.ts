/** What mount leaves to a handler that takes its time, and to the application when that does not want the request. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import fastify from 'fastify'
import fastify4 from 'fastify-4'
import Koa from 'koa'
// @ts-expect-error: it comes without types; those of its successor do
import Koa2 from 'koa-2'
import { mount as mountInFastify } from 'latchkey/fastify'
import { mount as mountInKoa } from 'latchkey/koa'
import { expect, it } from 'vitest'
import { boundTo, listen } from './apps/listen.js'
import { ask, valuesOf } from './raw-http.js'

/** As `latchkey.node`, but that it tells nobody when it is done. */
const late = {
  node(request: IncomingMessage, response: ServerResponse, next?: () => void): void {
    if (request.url !== '/own') next?.()
    else setTimeout(() => response.end('late'), 50)
  },
}

it.each([
  ['Fastify', fastify],
  ['Fastify 4', fastify4 as unknown as typeof fastify],
])('in %s nothing else answers, and headers of earlier hooks stay what they are', async (_, make) => {
  const app = make({ handlerTimeout: 10, forceCloseConnections: true })
  app.addHook('onRequest', async (_, reply) => void reply.header('x-earlier', 'yes'))
  app.addHook('onRequest', mountInFastify(late))
  app.addHook('onRequest', async (_, reply) => void reply.removeHeader('x-earlier'))
  app.get('/own', async () => 'never')
  app.get('/other', async () => 'passed')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const port = boundTo(app.server)
  const own = await ask(port, { path: '/own' })
  expect([own.status, own.body, valuesOf(own, 'x-earlier')]).toEqual([200, 'late', ['yes']])
  const other = await ask(port, { path: '/other' })
  expect([other.status, other.body, valuesOf(other, 'x-earlier')]).toEqual([200, 'passed', []])
  await app.close()
})

it.each([
  ['Koa', Koa],
  ['Koa 2', Koa2 as typeof Koa],
])('in %s nothing else answers', async (_, Make) => {
  const app = new Make()
  app.use(mountInKoa(late))
  app.use((ctx) => {
    ctx.body = 'passed'
  })
  const { port, close } = await listen(createServer(app.callback()))
  const [own, other] = [await ask(port, { path: '/own' }), await ask(port, { path: '/other' })]
  expect([own.body, other.body]).toEqual(['late', 'passed'])
  await close()
})
