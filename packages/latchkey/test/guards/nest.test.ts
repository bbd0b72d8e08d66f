/** The guard of Nest around several routes, and in the company of filters. */
import type { ArgumentsHost, CanActivate } from '@nestjs/common'
import type { User } from 'latchkey'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boundTo } from './apps/listen.js'
import { importNest, type NestModules } from './apps/nest.js'
import { requireNest11, requireNest11OnFastify } from './apps/nest-11.js'
import { problemOf } from './contract.js'
import { ask, open, requestText } from './raw-http.js'
import { auth, bad, bearer, good, tokenOf } from './tokens.js'

const versions: readonly (readonly [string, () => NestModules | Promise<NestModules>])[] = [
  ['Nest', importNest],
  ['Nest 11 in CommonJS', requireNest11],
  ['Nest 11 in CommonJS on Fastify', requireNest11OnFastify],
]

/** Controllers with a public and another route each: behind the global guard alone, behind a guard, and public as a whole. */
function makeModule({ common, latchkey: { CurrentUser, guard, Public } }: NestModules): object {
  const reads = guard(auth, 'order:read')
  const makeController = (prefix: string, routes: Record<string, readonly (MethodDecorator & ClassDecorator)[]>) => {
    class Routes {}
    for (const [path, decorators] of Object.entries(routes)) {
      const descriptor = { value: (user?: User) => `for ${user?.uid}` }
      Object.defineProperty(Routes.prototype, path, descriptor)
      if (!path.startsWith('open')) CurrentUser()(Routes.prototype, path, 0)
      for (const decorate of [common.Get(path), ...decorators]) decorate(Routes.prototype, path, descriptor)
    }
    common.Controller(prefix)(Routes)
    return Routes
  }
  const guarded = makeController('guarded', { closed: [], open: [Public()] })
  common.UseGuards(reads)(guarded)
  const publicOne = makeController('public', { open: [], closed: [common.UseGuards(reads)] })
  Public()(publicOne)
  const both = makeController('both', { closed: [] })
  common.UseGuards(reads)(both)
  Public()(both)
  const plain = makeController('plain', {
    closed: [],
    open: [Public()],
    'closed-though-public': [Public(), common.UseGuards(reads)],
    'public-user': [Public()],
  })

  class App {}
  common.Module({ controllers: [plain, guarded, publicOne, both] })(App)
  return App
}

describe.each(versions)('in %s', (_, load) => {
  const caught: unknown[] = []
  let port: number
  let close: () => Promise<void>
  let globalGuard: CanActivate

  /** Answers everything itself, as many applications do. */
  class Filter {
    catch(error: unknown, host: ArgumentsHost): void {
      caught.push(error)
      host.switchToHttp().getResponse().status(500).send('caught')
    }
  }

  beforeAll(async () => {
    const modules = await load()
    modules.common.Catch()(Filter)
    const options = { logger: false, forceCloseConnections: true } as const
    const { NestFactory } = modules.core
    const adapter = modules.adapter?.()
    const app = await (adapter
      ? NestFactory.create(makeModule(modules), adapter as never, options)
      : NestFactory.create(makeModule(modules), options))
    globalGuard = modules.latchkey.guard(auth)
    app.useGlobalGuards(globalGuard)
    app.useGlobalFilters(new Filter())
    await app.listen(0, '127.0.0.1')
    port = boundTo(app.getHttpServer())
    close = () => app.close()
  })
  afterAll(() => close())

  const closed = [
    '/plain/closed',
    '/plain/closed-though-public',
    '/guarded/closed',
    '/public/closed',
    '/both/closed',
  ] as const

  it.each(closed)('%s needs a token', async (path) => {
    for (const headers of [[], [bearer(bad.tampered)]]) {
      expect(problemOf(await ask(port, { path, headers }))).toMatchObject({ status: 401, request: `GET ${path}` })
    }
    const { status, body } = await ask(port, { path, headers: [bearer(good)] })
    expect([status, body]).toEqual([200, 'for 7'])
  })

  it.each(closed.slice(1))('%s needs a scope, too', async (path) => {
    const answer = await ask(port, { path, headers: [bearer(tokenOf({ scopes: [] }))] })
    expect(problemOf(answer)).toMatchObject({ status: 403, detail: 'The scope needed is order:read' })
  })

  it.each(['/plain/open', '/guarded/open', '/public/open'])('%s is public, whatever token comes', async (path) => {
    for (const headers of [[], [bearer(good)], [bearer(bad.tampered)]]) {
      const { status, body } = await ask(port, { path, headers })
      expect([status, body]).toEqual([200, 'for undefined'])
    }
  })

  it('no filter sees a refusal, and the connection lives on', async () => {
    caught.length = 0
    const connection = open(port)
    const statuses: number[] = []
    for (const headers of [[], [bearer(good)], [bearer(bad.expired)], [bearer(good), bearer(good)], [bearer(good)]]) {
      connection.write(requestText({ path: '/guarded/closed', headers }))
      statuses.push((await connection.read()).status)
    }
    connection.destroy()
    expect(statuses).toEqual([401, 200, 401, 400, 200])
    expect(caught).toEqual([])
  })

  it('a parameter for the user of a public route is a mistake of the application', async () => {
    caught.length = 0
    const { status, body } = await ask(port, { path: '/plain/public-user', headers: [bearer(good)] })
    expect([status, body]).toEqual([500, 'caught'])
    expect(caught).toMatchObject([{ code: 'server_error' }])
  })

  it('a message that is no HTTP is refused', () => {
    const context = { getType: () => 'rpc' }
    expect(() => globalGuard.canActivate(context as never)).toThrow('This guard reads HTTP requests')
  })
})
