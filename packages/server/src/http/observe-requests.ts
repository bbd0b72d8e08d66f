/** Gives each request an id, and tells what became of it. */
import { randomBytes } from 'node:crypto'
import { LatchkeyError } from 'latchkey'
import { type Api, type ApiContext, routeOf } from './api-context.js'
import type { Observer } from './observer.js'

/** Hexadecimal, as proxies make them: no token is. */
const requestIdSyntax = /^[0-9a-f][0-9a-f-]{14,62}[0-9a-f]$/i

/** Stands before all routes. The answer carries the id in X-Request-Id, and so does every line of the log about it. */
export function observeRequests(
  app: Api,
  observer: Observer,
  callerOf: (c: ApiContext) => { readonly addressPrefix?: string | undefined },
): void {
  app.use(async (c, next) => {
    const beganAtMs = performance.now()
    const given = observer.takesRequestId ? c.req.header('x-request-id') : undefined
    const requestId = given !== undefined && requestIdSyntax.test(given) ? given : randomBytes(12).toString('hex')
    c.set('requestId', requestId)
    await next()
    c.res.headers.set('x-request-id', requestId)
    observer.ended({
      ...{ requestId, method: c.req.method, route: routeOf(c), status: c.res.status },
      ms: performance.now() - beganAtMs,
      code: c.error instanceof LatchkeyError ? c.error.code : undefined,
      addressPrefix: callerOf(c).addressPrefix,
    })
  })
}
