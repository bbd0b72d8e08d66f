/** The guard for Hono, on Node and on any other runtime. */
import type { MiddlewareHandler } from 'hono'
import { type Auth, type GuardOptions, type GuardRequest, readNeed } from '../auth/index.js'
import type { User } from '../token/index.js'
import { getCurrentUser, setCurrentUser } from './current-user.js'
import { NodeGuardRequest, type NodeRequest } from './node-request.js'

/** The few members of a Hono context that are read. */
interface HonoContext {
  readonly env: unknown
  readonly req: { readonly method: string; readonly url: string; header(name: string): string | undefined }
}

export type HonoGuard = MiddlewareHandler<{ Variables: { user: User } }>

/**
 * Guards a route or a whole application: all of `scopes` are needed. The user stands in `c.get('user')`.
 *
 *     app.get('/orders', guard(auth, 'order:read'), (c) => c.json({ for: currentUser(c).uid }))
 *
 * For Hono 4 and newer: in Hono 3 a missing path in `use` may stand for `/`, and a guard without one guards that route alone.
 *
 * @throws TypeError for a scope that is not defined, a pattern, or an unknown option.
 */
export function guard<Scope extends string>(auth: Auth<Scope>, ...scopes: NoInfer<Scope>[]): HonoGuard
export function guard<Scope extends string>(auth: Auth<Scope>, options: GuardOptions<NoInfer<Scope>>): HonoGuard
export function guard<Scope extends string>(auth: Auth<Scope>, ...args: Scope[] | [GuardOptions<Scope>]): HonoGuard {
  const need = readNeed(args, auth.scopes)
  return async (c, next) => {
    const decision = auth.decide(requestOf(c), need)
    if (decision.status !== undefined) {
      // Headers of earlier middleware stay, as in other frameworks; Hono would let them win over ours.
      for (const name of Object.keys(decision.headers)) c.res.headers.delete(name)
      return c.body(decision.body, decision.status as 401, decision.headers)
    }
    const { user } = decision
    // For an anonymous request too, whatever stands there: Hono's type knows no user that may be missing.
    c.set('user', user as User)
    if (user) setCurrentUser(c, user)
    return next()
  }
}

/**
 * The user that a guard let through. Never undefined.
 * @throws LatchkeyError `server_error` when no guard ran, or an optional one let an anonymous request pass.
 */
export function currentUser(c: object): User {
  return getCurrentUser(c)
}

/** Serves the login routes, and passes all others on. Stands before other handlers: `app.use(mount(latchkey))`. */
export function mount(latchkey: {
  fetch(request: Request, next: () => Promise<void>, env: object): Promise<Response> | Promise<void>
}): MiddlewareHandler {
  // On Node the address of the client stands there.
  return async (c, next) => latchkey.fetch(c.req.raw, next, c.env ?? {})
}

/** On Node the request stands behind the context, and no `Request` need be built to read a header. */
function requestOf({ env, req }: HonoContext): GuardRequest {
  const incoming = (env as { incoming?: NodeRequest } | undefined)?.incoming
  if (incoming?.rawHeaders) return new NodeGuardRequest(incoming, incoming.url ?? '/')
  const { pathname, search } = new URL(req.url)
  const authorization = req.header('authorization')
  const origin = req.header('origin')
  return {
    method: req.method,
    url: pathname + search,
    authorization: authorization === undefined ? [] : [authorization],
    host: req.header('host'),
    origin,
    fetchSite: req.header('sec-fetch-site'),
    fetchMode: req.header('sec-fetch-mode'),
    preflight:
      req.method === 'OPTIONS' && origin !== undefined && req.header('access-control-request-method') !== undefined,
  }
}
