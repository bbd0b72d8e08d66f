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
  /** A new Date at each reading; 1970, older than anything, where another issuer's token does not say. */
  readonly issuedAt: Date
  /** A new Date at each reading. */
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
export function toUser(who: Pick<User, 'uid' | 'clientType' | 'scopes' | 'sid'>, iat: number, exp: number): User {
  const { uid, clientType, scopes, sid } = who
  return Object.freeze({
    uid,
    clientType,
    scopes,
    sid,
    get issuedAt() {
      return new Date(iat * 1000)
    },
    get expiresAt() {
      return new Date(exp * 1000)
    },
  })
}

/** Claims that are not ours may be of any shape; strict JSON bounds their depth. */
function deepFreeze<Value extends object>(value: Value): Value {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null) deepFreeze(member)
  }
  return Object.freeze(value)
}
