/** The guard for Koa. */
import { type Auth, type GuardOptions, readNeed } from '../auth/index.js'
import type { User } from '../token/index.js'
import { getCurrentUser, setCurrentUser } from './current-user.js'
import type { NodeNext } from './node.js'
import { NodeGuardRequest, type NodeRequest } from './node-request.js'

/** The few members of a Koa context that are used. */
export interface KoaGuardContext {
  readonly req: NodeRequest
  readonly originalUrl: string
  readonly state: object
  status: number
  body: unknown
  set(headers: Record<string, string>): void
}

export type KoaGuard = (ctx: KoaGuardContext, next: () => Promise<unknown>) => Promise<unknown>

/**
 * Guards what follows: all of `scopes` are needed. The user stands in `ctx.state.user`.
 *
 *     router.get('/orders', guard(auth, 'order:read'), (ctx) => { ctx.body = { for: currentUser(ctx).uid } })
 *
 * @throws TypeError for a scope that is not defined, a pattern, or an unknown option.
 */
export function guard<Scope extends string>(auth: Auth<Scope>, ...scopes: NoInfer<Scope>[]): KoaGuard
export function guard<Scope extends string>(auth: Auth<Scope>, options: GuardOptions<NoInfer<Scope>>): KoaGuard
export function guard<Scope extends string>(auth: Auth<Scope>, ...args: Scope[] | [GuardOptions<Scope>]): KoaGuard {
  const need = readNeed(args, auth.scopes)
  return async (ctx, next) => {
    const decision = auth.decide(new NodeGuardRequest(ctx.req, ctx.originalUrl), need)
    if (decision.status !== undefined) {
      ctx.status = decision.status
      // Before the body, which would bring a type of its own.
      ctx.set(decision.headers)
      ctx.body = decision.body
      return
    }
    const { user } = decision
    ;(ctx.state as { user?: User | undefined }).user = user
    if (user) setCurrentUser(ctx, user)
    return next()
  }
}

/**
 * The user that a guard let through. Never undefined.
 * @throws LatchkeyError `server_error` when no guard ran, or an optional one let an anonymous request pass.
 */
export function currentUser(ctx: object): User {
  return getCurrentUser(ctx)
}

/** Serves the login routes, and passes all others on. Stands before body parsers: `app.use(mount(latchkey))`. */
export function mount<Request, Response>(latchkey: {
  node(request: Request, response: Response, next?: NodeNext): unknown
}): (
  ctx: { readonly req: Request; readonly res: Response; respond?: boolean | undefined },
  next: () => Promise<unknown>,
) => Promise<unknown> {
  return async (ctx, next) => {
    let isOwn = true
    await latchkey.node(ctx.req, ctx.res, () => {
      isOwn = false
    })
    if (!isOwn) return next()
    // It is answered: Koa must not answer, too.
    ctx.respond = false
    return undefined
  }
}
