/** The contract's application on Express. */
import { createServer } from 'node:http'
import express, { type Request, type Response } from 'express'
// @ts-expect-error: it comes without types; those of its successor do
import express4 from 'express-4'
import { currentUser, guard } from 'latchkey/express'
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

function answer(req: Request, res: Response): void {
  // Not by res.json, which adds a charset.
  res.setHeader('content-type', 'application/json')
  res.end(show(req.user, () => currentUser(req)))
}

function routes(make: typeof express): express.Express {
  const app = make()
  app.all('/open', (_, res) => res.send('open'))
  for (const [path, allowed] of guardedRoutes(guard)) app.all(path, allowed, answer)
  app.use('/other-user', (req, _, next) => {
    req.user = otherUser
    next()
  })
  app.all('/other-user', guard(auth, { optional: true }), answer)
  app.all('/twice', guard(uncachedAuth), guard(uncachedAuth, 'order:read'), answer)
  app.all('/slow', guard(auth), someTimeFirst, answer)
  app.all('/length', guard(auth), (req, res, next) => {
    // Express 4 waits for no promise.
    lengthOf(req).then((length) => res.send(String(length)), next)
  })
  app.all('/throws-not-guarded', (req) => currentUser(req))
  app.all('/throws/:code', (req) => throwCode(req.path))

  const sub = make.Router()
  sub.use(guard(auth))
  sub.all('/guarded', answer)
  app.use('/sub', sub)

  for (const prefix of headerPrefixes) {
    app.use(prefix, (_, res, next) => {
      for (const [name, value] of earlierHeaders) res.setHeader(name, value)
      for (const cookie of earlierCookies) res.append('set-cookie', cookie)
      next()
    })
    app.all(`${prefix}/guarded`, guard(auth), answer)
  }
  return app
}

function someTimeFirst(_: Request, __: Response, next: () => void): void {
  someTime().then(next)
}

async function lengthOf(req: Request): Promise<number> {
  let length = 0
  for await (const chunk of req) length += chunk.length
  return length
}

export const startExpress = (): Promise<App> => listen(createServer(routes(express)))
export const startExpress4 = (): Promise<App> => listen(createServer(routes(express4 as typeof express)))
