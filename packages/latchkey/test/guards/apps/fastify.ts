/** The contract's application on Fastify. */
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import fastify4 from 'fastify-4'
import { currentUser, guard } from 'latchkey/fastify'
import {
  type App,
  earlierCookies,
  earlierHeaders,
  guardedRoutes,
  headerPrefixes,
  memberOf,
  otherUser,
  show,
  someTime,
  throwCode,
} from '../routes.js'
import { auth, uncachedAuth } from '../tokens.js'
import { boundTo } from './listen.js'

async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  // As bytes: to the type of a text Fastify adds a charset.
  const text = show(memberOf(request), () => currentUser(request))
  return reply.header('content-type', 'application/json').send(Buffer.from(text))
}

/** New ones for each application: Fastify 4 writes into them. */
export const fastifyOptions = () => ({
  forceCloseConnections: true,
  // What is no HTTP is answered as node:http does by itself.
  clientErrorHandler({ code }: { code?: string }, socket: Socket) {
    const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
  },
})

/** To the handlers, whatever type they have. */
export function leaveBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
}

async function startFastify5(make: typeof fastify): Promise<App> {
  const app = make(fastifyOptions())
  leaveBodies(app)
  app.all('/open', async () => 'open')
  for (const [path, onRequest] of guardedRoutes(guard)) app.all(path, { onRequest }, answer)
  app.all('/other-user', { onRequest: [setOtherUser, guard(auth, { optional: true })] }, answer)
  app.all('/twice', { onRequest: [guard(uncachedAuth), guard(uncachedAuth, 'order:read')] }, answer)
  app.all('/slow', { onRequest: guard(auth), preHandler: () => someTime() as Promise<void> }, answer)
  app.all('/length', { onRequest: guard(auth) }, async ({ body }) => {
    let length = 0
    if (body instanceof Readable) for await (const chunk of body) length += chunk.length
    return String(length)
  })
  app.all('/throws-not-guarded', async (request) => currentUser(request))
  app.all('/throws/:code', async ({ url }) => throwCode(url))

  app.register(
    async (sub) => {
      sub.addHook('onRequest', guard(auth))
      sub.all('/guarded', answer)
    },
    { prefix: '/sub' },
  )

  for (const prefix of headerPrefixes) {
    app.register(
      async (sub) => {
        sub.addHook('onRequest', prefix === '/cors' ? setRawHeaders : setHeaders)
        sub.all('/guarded', { onRequest: guard(auth) }, answer)
      },
      { prefix },
    )
  }
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: boundTo(app.server), close: () => app.close() }
}

async function setOtherUser(request: FastifyRequest): Promise<void> {
  Object.assign(request, { user: otherUser })
}

async function setHeaders(_: FastifyRequest, reply: FastifyReply): Promise<void> {
  for (const [name, value] of earlierHeaders) reply.header(name, value)
  for (const cookie of earlierCookies) reply.header('set-cookie', cookie)
}

/** As middleware made for Express does. */
async function setRawHeaders(_: FastifyRequest, { raw }: FastifyReply): Promise<void> {
  for (const [name, value] of earlierHeaders) raw.setHeader(name, value)
  raw.setHeader('set-cookie', earlierCookies)
}

export const startFastify = () => startFastify5(fastify)
/** By the types of its successor: what is used here is alike in both. */
export const startFastify4 = () => startFastify5(fastify4 as unknown as typeof fastify)
