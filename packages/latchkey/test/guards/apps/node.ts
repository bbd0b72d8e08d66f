/** The contract's application on plain `node:http`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { User } from 'latchkey'
import { problem } from 'latchkey/http'
import { currentUser, guard } from 'latchkey/node'
import {
  type App,
  earlierCookies,
  earlierHeaders,
  guardedRoutes,
  headerPrefixes,
  otherUser,
  show,
  someTime,
  throwCode,
} from '../routes.js'
import { auth, uncachedAuth } from '../tokens.js'
import { listen } from './listen.js'

type Request = IncomingMessage & { user?: User }
type Handler = (request: Request, response: ServerResponse) => unknown

const answer: Handler = (request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(show(request.user, () => currentUser(request)))
}

function routes(): Map<string, Handler> {
  const allowed = guard(auth)
  const [first, second] = [guard(uncachedAuth), guard(uncachedAuth, 'order:read')]
  const optional = guard(auth, { optional: true })
  const guarded: Handler = (request, response) => allowed(request, response) && answer(request, response)
  const handlers = new Map<string, Handler>([
    ['/open', (_, response) => response.end('open')],
    ['/throws-not-guarded', (request) => currentUser(request)],
    ['/sub/guarded', guarded],
    [
      '/twice',
      (request, response) => first(request, response) && second(request, response) && answer(request, response),
    ],
    [
      '/other-user',
      (request, response) => {
        request.user = otherUser
        if (optional(request, response)) answer(request, response)
      },
    ],
    [
      '/slow',
      async (request, response) => {
        if (!allowed(request, response)) return
        await someTime()
        answer(request, response)
      },
    ],
    [
      '/length',
      async (request, response) => {
        if (!allowed(request, response)) return
        let length = 0
        for await (const chunk of request) length += chunk.length
        response.end(String(length))
      },
    ],
  ])
  for (const [path, allows] of guardedRoutes(guard)) {
    handlers.set(path, (request, response) => allows(request, response) && answer(request, response))
  }
  for (const prefix of headerPrefixes) {
    handlers.set(`${prefix}/guarded`, (request, response) => {
      for (const [name, value] of earlierHeaders) response.setHeader(name, value)
      response.setHeader('set-cookie', earlierCookies)
      guarded(request, response)
    })
  }
  return handlers
}

export async function startNode(): Promise<App> {
  const handlers = routes()
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url as string, 'http://localhost')
    try {
      if (pathname.startsWith('/throws/')) throwCode(pathname)
      await (handlers.get(pathname) ?? throwCode)(request as Request & string, response)
    } catch (error) {
      if (request.destroyed && !request.complete) return
      // What each framework does by itself, plain node:http leaves to the application.
      const { status, headers, body } = problem(error)
      response.writeHead(status, headers).end(body)
    }
  })
  return listen(server)
}
