/** The guard for Fastify. It augments no type and decorates no request, so it can stand beside @fastify/jwt. */
import { type Auth, type GuardOptions, readNeed } from '../auth/index.js'
import type { User } from '../token/index.js'
import { setCurrentUser } from './current-user.js'
import { currentUser, type NodeNext } from './node.js'
import { NodeGuardRequest, type NodeRequest } from './node-request.js'

export { currentUser }

/** The few members of a `FastifyRequest` that are read. */
export interface FastifyGuardRequest {
  readonly raw: NodeRequest
  readonly originalUrl?: string
}

/** The few members of a `FastifyReply` that are used. */
export interface FastifyGuardReply {
  code(status: number): unknown
  headers(values: Record<string, string>): unknown
  send(body: Uint8Array): unknown
}

export type FastifyGuard = (request: FastifyGuardRequest, reply: FastifyGuardReply, done: () => void) => void

/**
 * Guards a route, or as a hook all that follow: all of `scopes` are needed. The user stands in `request.user`.
 *
 *     app.get('/orders', { onRequest: guard(auth, 'order:read') }, (request) => ({ for: currentUser(request).uid }))
 *
 * @throws TypeError for a scope that is not defined, a pattern, or an unknown option.
 */
export function guard<Scope extends string>(auth: Auth<Scope>, ...scopes: NoInfer<Scope>[]): FastifyGuard
export function guard<Scope extends string>(auth: Auth<Scope>, options: GuardOptions<NoInfer<Scope>>): FastifyGuard
export function guard<Scope extends string>(auth: Auth<Scope>, ...args: Scope[] | [GuardOptions<Scope>]): FastifyGuard {
  const need = readNeed(args, auth.scopes)
  return (request, reply, done) => {
    const { raw, originalUrl } = request
    const decision = auth.decide(new NodeGuardRequest(raw, originalUrl ?? raw.url ?? '/'), need)
    if (decision.status !== undefined) {
      reply.code(decision.status)
      reply.headers(decision.headers)
      // As bytes: to the type of a text Fastify adds a charset.
      reply.send(new TextEncoder().encode(decision.body))
      return
    }
    const { user } = decision
    ;(request as { user?: User | undefined }).user = user
    if (user) setCurrentUser(request, user)
    done()
  }
}

/** The few members of `http.ServerResponse` that are used. */
interface RawResponse {
  hasHeader(name: string): boolean
  setHeader(name: string, value: never): unknown
  removeHeader(name: string): unknown
}

/**
 * Serves the login routes, and passes all others on. As a hook of the application it stands before its body parsers, and
 * behind the hooks that were added earlier, such as those of @fastify/cors: `app.addHook('onRequest', mount(latchkey))`.
 */
export function mount<Request, Response extends object>(latchkey: {
  node(request: Request, response: Response, next?: NodeNext): unknown
}): (
  request: { readonly raw: Request },
  reply: { readonly raw: Response; getHeaders(): object; hijack(): unknown },
  done: (error?: Error) => void,
) => void {
  return ({ raw: request }, reply, done) => {
    const raw = reply.raw as Response & RawResponse
    // What earlier hooks set, Fastify writes only with its own answers.
    const earlier = Object.entries(reply.getHeaders()).filter(([name]) => !raw.hasHeader(name))
    for (const [name, value] of earlier) raw.setHeader(name, value as never)
    let isOwn = true
    latchkey.node(request, raw, (error) => {
      isOwn = false
      for (const [name] of earlier) raw.removeHeader(name)
      done(error as Error | undefined)
    })
    if (isOwn) reply.hijack()
  }
}
