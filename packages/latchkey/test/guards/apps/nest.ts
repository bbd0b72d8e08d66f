/** The contract's application on Nest, of whatever version it is given. */
import type { ServerResponse } from 'node:http'
import type * as Common from '@nestjs/common'
import type * as Core from '@nestjs/core'
import type { User } from 'latchkey'
import type * as Latchkey from 'latchkey/nest'
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
import { boundTo } from './listen.js'

/** The packages of one version, and `latchkey/nest` as it is loaded beside them. */
export interface NestModules {
  readonly common: typeof Common
  readonly core: { readonly NestFactory: Pick<typeof Core.NestFactory, 'create'> }
  readonly latchkey: typeof Latchkey
  /** Of `create`; by default Nest makes one for Express. */
  adapter?(): Common.HttpServer
}

type Request = Common.RawBodyRequest<AsyncIterable<Uint8Array>> & { url: string; raw?: AsyncIterable<Uint8Array> }
type Response = ServerResponse & {
  raw?: ServerResponse
  header(name: string, value: unknown): Response
  send(body: Buffer): void
}
type Handler = (user: User | undefined, request: Request, response: Response) => unknown
type Guards = readonly Common.CanActivate[]

/** Not by what handlers return, since Nest and Express add a charset and an ETag. */
function write(response: Response, body: string, type = 'text/plain'): void {
  if (response.raw) response.header('content-type', type).send(Buffer.from(body))
  else response.setHeader('content-type', type).end(body)
}

async function answerLength(_: unknown, request: Request, response: Response): Promise<void> {
  let length = 0
  for await (const chunk of request.raw ?? request) length += chunk.length
  write(response, String(length))
}

/** A guard that only does something before the one behind it. */
function before(act: (request: object, response: Response) => void): Common.CanActivate {
  return {
    canActivate(context) {
      act(context.switchToHttp().getRequest(), context.switchToHttp().getResponse())
      return true
    },
  }
}

const setOtherUser = before((request) => {
  Object.assign(request, { user: otherUser })
})

const setHeaders = before((_, response) => {
  for (const [name, value] of earlierHeaders) response.header(name, value)
  response.header('set-cookie', earlierCookies)
})

const setRawHeaders = (_: unknown, response: ServerResponse, next: () => void) => {
  for (const [name, value] of earlierHeaders) response.setHeader(name, value)
  response.setHeader('set-cookie', earlierCookies)
  next()
}

/** What decorators write, as calls: no compiler need know them. */
function makeModule({ common, latchkey: { CurrentUser, currentUser, guard } }: NestModules): object {
  const answer: Handler = (user, request, response) =>
    write(
      response,
      show(user, () => currentUser(request)),
      'application/json',
    )

  function makeController(prefix: string, guards: Guards, routes: readonly (readonly [string, Guards, Handler])[]) {
    class Routes {}
    for (const [path, ofRoute, handler] of routes) {
      // biome-ignore lint/complexity/useArrowFunction: decorators mark the function, so each route needs one of its own.
      const value = function (user: User | undefined, request: Request, response: Response) {
        return handler(user, request, response)
      }
      const descriptor = { value }
      Object.defineProperty(Routes.prototype, path, descriptor)
      CurrentUser()(Routes.prototype, path, 0)
      common.Req()(Routes.prototype, path, 1)
      common.Res()(Routes.prototype, path, 2)
      common.All(path)(Routes.prototype, path, descriptor)
      common.UseGuards(...ofRoute)(Routes.prototype, path, descriptor)
    }
    common.Controller(prefix)(Routes)
    common.UseGuards(...guards)(Routes)
    return Routes
  }

  class Open {}
  const open = (path: string, handler: (request: Request, response: Response) => unknown) => {
    const descriptor = { value: (request: Request, response: Response) => handler(request, response) }
    Object.defineProperty(Open.prototype, path, descriptor)
    common.Req()(Open.prototype, path, 0)
    common.Res()(Open.prototype, path, 1)
    common.All(path)(Open.prototype, path, descriptor)
  }
  open('/open', (_, response) => write(response, 'open'))
  open('/throws/:code', ({ url }) => throwCode(url))
  common.Controller()(Open)

  class Contract {}
  common.Module({
    controllers: [
      Open,
      makeController(
        '',
        [],
        [
          ...guardedRoutes(guard).map(([path, allowed]) => [path, [allowed], answer] as const),
          ['/other-user', [setOtherUser, guard(auth, { optional: true })], answer],
          ['/twice', [guard(uncachedAuth), guard(uncachedAuth, 'order:read')], answer],
          ['/slow', [guard(auth)], (...all) => someTime().then(() => answer(...all))],
          ['/length', [guard(auth)], answerLength],
          ['/throws-not-guarded', [], answer],
        ],
      ),
      makeController('/sub', [guard(auth)], [['/guarded', [], answer]]),
      makeController('/headers', [setHeaders], [['/guarded', [guard(auth)], answer]]),
      makeController('/cors', [], [['/guarded', [guard(auth)], answer]]),
    ],
  })(Contract)
  return Contract
}

export async function startNestOf(modules: NestModules): Promise<App> {
  const options = { logger: false, bodyParser: false, forceCloseConnections: true } as const
  const adapter = modules.adapter?.()
  const app = await (adapter
    ? modules.core.NestFactory.create(makeModule(modules), adapter as never, options)
    : modules.core.NestFactory.create(makeModule(modules), options))
  app.use('/cors', setRawHeaders)
  await app.listen(0, '127.0.0.1')
  return { port: boundTo(app.getHttpServer()), close: () => app.close() }
}

export async function importNest(): Promise<NestModules> {
  const [common, core, latchkey] = await Promise.all([
    import('@nestjs/common'),
    import('@nestjs/core'),
    import('latchkey/nest'),
  ])
  return { common, core, latchkey }
}

export const startNest = async (): Promise<App> => startNestOf(await importNest())
