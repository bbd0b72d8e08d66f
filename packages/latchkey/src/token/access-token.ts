/** A verified access token, as guards hand it to the application. */
import type { AccessTokenClaims } from './claims.js'

/** Who sent the request. Frozen, and shared by all requests with the same token. */
export interface User {
  readonly uid: string
  /** The way of logging in: 100 email, 300 API key, and so on; 0 where another issuer's token does not say. */
  readonly clientType: number
  /** The scopes the token carries: patterns, forbidden ones with `!` before them. */
  readonly scopes: readonly string[]
  /** The session: one login on one device; empty where another issuer's token names none. */
  readonly sid: string
  /** A Date that cannot be set; 1970, older than anything, where another issuer's token does not say. */
  readonly issuedAt: Date
  /** A Date that cannot be set. */
  readonly expiresAt: Date
}

export interface AccessToken {
  readonly user: User
  readonly claims: AccessTokenClaims
  /** The name of the key that signed it. */
  readonly kid: string
}

export function toAccessToken(claims: AccessTokenClaims, scopes: readonly string[], kid: string): AccessToken {
  const { sub: uid, client_type: clientType, sid, iat, exp } = claims
  return Object.freeze({ user: toUser({ uid, clientType, scopes, sid }, iat, exp), claims: deepFreeze(claims), kid })
}

/** `iat` and `exp` are NumericDates. */
export function toUser(who: Omit<User, 'issuedAt' | 'expiresAt'>, iat: number, exp: number): User {
  const { uid, clientType, scopes, sid } = who
  const [issuedAt, expiresAt] = [new Moment(iat * 1000), new Moment(exp * 1000)]
  return Object.freeze({ uid, clientType, scopes, sid, issuedAt, expiresAt })
}

/** A Date that is shared, and so cannot be set. */
class Moment extends Date {}

for (const name of Object.getOwnPropertyNames(Date.prototype)) {
  if (!name.startsWith('set')) continue
  const value = () => {
    throw new TypeError('The moments of a user cannot be set: all requests with the same token share them')
  }
  Object.defineProperty(Moment.prototype, name, { value })
}

/** Claims that are not ours may be of any shape; strict JSON bounds their depth. */
function deepFreeze<Value>(value: Value): Value {
  // Our own were read frozen; what is no object counts as frozen.
  if (Object.isFrozen(value)) return value
  for (const name in value) deepFreeze(value[name])
  return Object.freeze(value)
}
