import { LatchkeyError } from '../errors.js'
import type { User } from '../token/index.js'

/** Where guards leave the user for `currentUser`, apart from the member other middleware may write to. */
const currentUserKey = Symbol.for('latchkey.user')

export function setCurrentUser(carrier: object, user: User): void {
  ;(carrier as { [currentUserKey]?: User })[currentUserKey] = user
}

export function getCurrentUser(carrier: object): User {
  const user = (carrier as { [currentUserKey]?: User })[currentUserKey]
  if (user) return user
  throw new LatchkeyError('server_error', {
    detail: 'currentUser needs a guard before it; where the guard is optional, read the user from the request instead',
  })
}
