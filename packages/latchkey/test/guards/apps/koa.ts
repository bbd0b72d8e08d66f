/** The contract's application on Koa. */
import { createServer } from 'node:http'
import Koa, { type Context, type Next } from 'koa'
// @ts-expect-error: it comes without types; those of its successor do
import Koa2 from 'koa-2'
import { currentUser, guard } from 'latchkey/koa'
import {
  type App,
  earlierCookies,
  earlierHeaders,
  guardedRoutes,
  type headerPrefixes,
  otherUser,
  show,
  someTime,
  throwCode,
} from '../routes.js'
import { auth, uncachedAuth } from '../tokens.js'
import { listen } from './listen.js'

type Middleware = (ctx: Context, next: Next) => unknown

const answer: Middleware = (ctx) => {
  ctx.set('content-type', 'application/json')
  ctx.body = show(ctx.state.user, () => currentUser(ctx))
}

const answerOpen: Middleware = (ctx) => {
  ctx.body = 'open'
}

function routes(app: Koa): Koa {
  app.silent = true
  app.use(at('/open', answerOpen))
  for (const [path, allowed] of guardedRoutes(guard)) app.use(at(path, allowed, answer))
  app.use(at('/other-user', setOtherUser, guard(auth, { optional: true }), answer))
  app.use(at('/twice', guard(uncachedAuth), guard(uncachedAuth, 'order:read'), answer))
  app.use(at('/slow', guard(auth), someTimeFirst, answer))
  app.use(at('/length', guard(auth), answerLength))
  app.use(at('/throws-not-guarded', currentUser))
  app.use((ctx, next) => (ctx.path.startsWith('/throws/') ? throwCode(ctx.path) : next()))
  app.use(under('/sub', guard(auth), at('/guarded', answer)))
  app.use(under('/headers', setHeaders, at('/guarded', guard(auth), answer)))
  app.use(under('/cors', setRawHeaders, at('/guarded', guard(auth), answer)))
  return app
}

/** All of `list`, one behind the other. */
function inTurn(list: readonly Middleware[]): Middleware {
  return (ctx, next) => {
    const from = (i: number): Promise<unknown> =>
      i === list.length ? next() : Promise.resolve((list[i] as Middleware)(ctx, () => from(i + 1)))
    return from(0)
  }
}

function at(path: string, ...list: Middleware[]): Middleware {
  const all = inTurn(list)
  return (ctx, next) => (ctx.path === path ? all(ctx, next) : next())
}

/** As koa-mount does: the path that is left stands in `ctx.path`. */
function under(prefix: (typeof headerPrefixes)[number] | '/sub', ...list: Middleware[]): Middleware {
  const all = inTurn(list)
  return async (ctx, next) => {
    const { path } = ctx
    if (!path.startsWith(`${prefix}/`)) return next()
    ctx.path = path.slice(prefix.length)
    await all(ctx, next)
    ctx.path = path
  }
}

const setOtherUser: Middleware = (ctx, next) => {
  ctx.state.user = otherUser
  return next()
}

const someTimeFirst: Middleware = async (_, next) => {
  await someTime()
  await next()
}

const answerLength: Middleware = async (ctx) => {
  let length = 0
  for await (const chunk of ctx.req) length += chunk.length
  ctx.body = String(length)
}

const setHeaders: Middleware = (ctx, next) => {
  for (const [name, value] of earlierHeaders) ctx.set(name, value)
  for (const cookie of earlierCookies) ctx.append('set-cookie', cookie)
  return next()
}

const setRawHeaders: Middleware = ({ res }, next) => {
  for (const [name, value] of earlierHeaders) res.setHeader(name, value)
  res.setHeader('set-cookie', earlierCookies)
  return next()
}

export const startKoa = (): Promise<App> => listen(createServer(routes(new Koa()).callback()))
export const startKoa2 = (): Promise<App> => listen(createServer(routes(new (Koa2 as typeof Koa)()).callback()))
