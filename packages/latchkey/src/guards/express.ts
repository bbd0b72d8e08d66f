/** The guard for Express. */
import type { Auth, GuardOptions } from '../auth/index.js'
import type { User } from '../token/index.js'
import { currentUser, mount, type NodeNext, type NodeRequest, type NodeResponse, guard as nodeGuard } from './node.js'

export { currentUser, mount }

type LatchkeyUser = User

declare global {
  namespace Express {
    interface User extends LatchkeyUser {}
    interface Request {
      user?: User | undefined
    }
  }
}

export type ExpressGuard = (request: NodeRequest, response: NodeResponse, next: NodeNext) => void

/**
 * Guards a route, a router or a whole application: all of `scopes` are needed. The user stands in `req.user`.
 *
 *     app.get('/orders', guard(auth, 'order:read'), (req, res) => { res.json({ for: currentUser(req).uid }) })
 *
 * @throws TypeError for a scope that is not defined, a pattern, or an unknown option.
 */
export function guard<Scope extends string>(auth: Auth<Scope>, ...scopes: NoInfer<Scope>[]): ExpressGuard
export function guard<Scope extends string>(auth: Auth<Scope>, options: GuardOptions<NoInfer<Scope>>): ExpressGuard
export function guard<Scope extends string>(auth: Auth<Scope>, ...args: Scope[]): ExpressGuard {
  return nodeGuard(auth, ...args)
}
