/** The guard for `node:http` and whatever passes its request and response on. */
import { type Auth, type GuardOptions, readNeed } from '../auth/index.js'
import type { User } from '../token/index.js'
import { getCurrentUser, setCurrentUser } from './current-user.js'
import { NodeGuardRequest, type NodeRequest } from './node-request.js'

export type { NodeRequest } from './node-request.js'

/** The few members of `http.ServerResponse` that are used. */
export interface NodeResponse {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
}

export type NodeNext = (error?: unknown) => void

/** Answers a refused request and returns false; else puts the user into `request.user`, calls `next` if there is one, and returns true. */
export type NodeGuard = (request: NodeRequest, response: NodeResponse, next?: NodeNext) => boolean

/**
 * Guards a route: all of `scopes` are needed.
 *
 *     const allowed = guard(auth, 'order:read')
 *     createServer((request, response) => {
 *       if (allowed(request, response)) response.end(currentUser(request).uid)
 *     })
 *
 * @throws TypeError for a scope that is not defined, a pattern, or an unknown option.
 */
export function guard<Scope extends string>(auth: Auth<Scope>, ...scopes: NoInfer<Scope>[]): NodeGuard
export function guard<Scope extends string>(auth: Auth<Scope>, options: GuardOptions<NoInfer<Scope>>): NodeGuard
export function guard<Scope extends string>(auth: Auth<Scope>, ...args: Scope[] | [GuardOptions<Scope>]): NodeGuard {
  const need = readNeed(args, auth.scopes)
  return (request, response, next) => {
    const { originalUrl } = request as { originalUrl?: string }
    const decision = auth.decide(new NodeGuardRequest(request, originalUrl ?? request.url ?? '/'), need)
    if (decision.status !== undefined) {
      response.statusCode = decision.status
      for (const name of Object.keys(decision.headers)) response.setHeader(name, decision.headers[name] as string)
      response.end(decision.body)
      return false
    }
    const { user } = decision
    ;(request as { user?: User | undefined }).user = user
    if (user) setCurrentUser(request, user)
    next?.()
    return true
  }
}

/**
 * The user that a guard let through. Never undefined.
 * @throws LatchkeyError `server_error` when no guard ran, or an optional one let an anonymous request pass.
 */
export function currentUser(request: object): User {
  return getCurrentUser(request)
}

/** Serves the login routes, and calls `next` for all others. Stands before body parsers. */
export function mount<Request, Response>(latchkey: {
  node(request: Request, response: Response, next?: NodeNext): unknown
}): (request: Request, response: Response, next?: NodeNext) => void {
  return (request, response, next) => {
    latchkey.node(request, response, next)
  }
}
