/** The contract's application on Hono: on Node, and by `fetch` alone as on any other runtime. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { Hono as Hono3 } from 'hono-3'
import { cors as cors3 } from 'hono-3/cors'
import type { User } from 'latchkey'
import { currentUser, guard } from 'latchkey/hono'
import {
  type App,
  earlierCookies,
  earlierHeaders,
  guardedRoutes,
  otherUser,
  show,
  someTime,
  throwCode,
} from '../routes.js'
import { auth, uncachedAuth } from '../tokens.js'
import { listen } from './listen.js'

type Env = { Variables: { user: User } }

function answer(c: Context<Env>): Response {
  return c.body(
    show(c.get('user'), () => currentUser(c)),
    200,
    { 'content-type': 'application/json' },
  )
}

/** By the types of its successor: what is used here is alike in both. */
const hono3 = { Hono: Hono3, cors: cors3 } as unknown as typeof hono4
const hono4 = { Hono, cors }

function routes({ Hono, cors } = hono4): Hono<Env> {
  const app = new Hono<Env>()
  app.all('/open', (c) => c.text('open'))
  for (const [path, allowed] of guardedRoutes(guard)) app.all(path, allowed, answer)
  app.use('/other-user', async (c, next) => {
    c.set('user', otherUser)
    await next()
  })
  app.all('/other-user', guard(auth, { optional: true }), answer)
  app.all('/twice', guard(uncachedAuth), guard(uncachedAuth, 'order:read'), answer)
  app.all('/slow', guard(auth), async (c) => {
    await someTime()
    return answer(c)
  })
  app.all('/length', guard(auth), async (c) => {
    const body = await c.req.arrayBuffer().catch(() => new ArrayBuffer(0))
    return c.text(String(body.byteLength))
  })
  app.all('/throws-not-guarded', (c) => c.text(currentUser(c).uid))
  app.all('/throws/:code', (c) => throwCode(c.req.path))

  const sub = new Hono<Env>()
  // Hono 3 takes a missing path for `/`.
  sub.use('*', guard(auth))
  sub.all('/guarded', answer)
  app.route('/sub', sub)

  app.use('/headers/*', async (c, next) => {
    for (const [name, value] of earlierHeaders) c.header(name, value)
    for (const cookie of earlierCookies) c.header('set-cookie', cookie, { append: true })
    await next()
  })
  app.use('/cors/*', cors(), async (c, next) => {
    for (const [name, value] of earlierHeaders.slice(1)) c.res.headers.set(name, value)
    for (const cookie of earlierCookies) c.res.headers.append('set-cookie', cookie)
    await next()
  })
  for (const prefix of ['/headers', '/cors']) app.all(`${prefix}/guarded`, guard(auth), answer)
  return app
}

/** As most start it: the adapter puts its own Request and Response in the place of the global ones. */
export async function startHono(): Promise<App> {
  const own = ['Request', 'Response'].map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const)
  const app = await listen(createAdaptorServer({ fetch: routes().fetch }) as Server)
  return {
    ...app,
    async close() {
      await app.close()
      for (const [name, descriptor] of own) Object.defineProperty(globalThis, name, descriptor as PropertyDescriptor)
    },
  }
}

export async function startHono3(): Promise<App> {
  return listen(createAdaptorServer({ fetch: routes(hono3).fetch, overrideGlobalObjects: false }) as Server)
}

export async function startHonoWithGlobalResponse(): Promise<App> {
  return listen(createAdaptorServer({ fetch: routes().fetch, overrideGlobalObjects: false }) as Server)
}

/** Hono sees a web Request and nothing of Node. */
export async function startHonoFetch(): Promise<App> {
  const app = routes()
  const server = createServer(async (incoming, outgoing) => {
    try {
      await pass(await app.fetch(webRequest(incoming)), outgoing)
    } catch {
      outgoing.destroy()
    }
  })
  return listen(server)
}

function webRequest(incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/', rawHeaders } = incoming
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string)
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const init = { method, headers, ...(hasBody ? { body: lazyBody(incoming), duplex: 'half' } : {}) }
  return new Request(new URL(url, `http://${incoming.headers.host}`), init as RequestInit)
}

/** Leaves the body of a refused request to Node, which reads it away. */
function lazyBody(incoming: IncomingMessage): ReadableStream {
  let reader: { read(): Promise<{ done: boolean; value?: unknown }> } | undefined
  const pull = async (controller: ReadableStreamDefaultController) => {
    reader ??= Readable.toWeb(incoming).getReader()
    const { done, value } = await reader.read()
    if (done) controller.close()
    else controller.enqueue(value)
  }
  return new ReadableStream({ pull }, { highWaterMark: 0 })
}

async function pass(response: Response, outgoing: ServerResponse): Promise<void> {
  const headers: [string, string][] = []
  response.headers.forEach((value, name) => {
    headers.push([name, value])
  })
  outgoing.writeHead(response.status, headers.flat())
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}
