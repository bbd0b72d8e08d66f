/** The claims of an access token of another issuer (RFC 7519 section 4.1, RFC 9068 section 2.2): less is asked than of our own. */
import type { JsonObject } from '../encoding/index.js'
import {
  type ClaimRules,
  checkAudience,
  checkIssuer,
  checkMoments,
  isAudience,
  isText,
  maxClockAheadSeconds,
} from './claims.js'
import { type Refusal, refuseClaim } from './refusal.js'

export interface ForeignClaims {
  readonly iss: string
  readonly aud: string | readonly string[]
  readonly sub: string
  readonly exp: number
  readonly iat?: number
  readonly nbf?: number
  readonly auth_time?: number
}

/** The end of the year 9999 (RFC 3339 section 1): what lies beyond was written in milliseconds. */
const lastMoment = 253_402_300_799
const isMoment = (value: unknown) => typeof value === 'number' && value >= 0 && value <= lastMoment
const isOptional = (is: (value: unknown) => boolean) => (value: unknown) => value === undefined || is(value)

const moment = 'a number of seconds since 1970'
const shapes: readonly (readonly [claim: string, is: (value: unknown) => boolean, expectation: string])[] = [
  ['iss', isText, 'a text'],
  ['aud', isAudience, 'a text or a list of texts'],
  ['sub', isText, 'a text'],
  ['exp', isMoment, moment],
  ['iat', isOptional(isMoment), moment],
  ['nbf', isOptional(isMoment), moment],
  ['auth_time', isOptional(isMoment), moment],
]

/** Claims that show what is no access token for a bearer, whatever its `typ`. */
const foreignTo: Readonly<Record<string, string>> = {
  nonce: 'An ID token is no access token',
  at_hash: 'An ID token is no access token',
  c_hash: 'An ID token is no access token',
  events: 'A security event token is no access token (RFC 8417 section 4.7)',
  cnf: 'The token is bound to a key, and this service takes no proof of one (RFC 7800)',
}

/** Checks every claim but the scopes; moments come last, so that "expired" means "and otherwise right". */
export function checkForeignClaims(claims: JsonObject, rules: ClaimRules, nowMs: number): Refusal | undefined {
  for (const [claim, is, expectation] of shapes) {
    if (!is(claims[claim])) return refuseClaim(claim, `The claim ${claim} must be ${expectation}`)
  }
  for (const [claim, reason] of Object.entries(foreignTo)) {
    if (Object.hasOwn(claims, claim)) return refuseClaim(claim, reason)
  }
  const known = claims as unknown as ForeignClaims
  const refusal = checkIssuer(known, rules) ?? checkAudience(known, rules)
  if (refusal) return refusal
  // A login in the future would be new enough for ever.
  if (known.auth_time !== undefined && !(known.auth_time * 1000 <= nowMs + maxClockAheadSeconds * 1000)) {
    return refuseClaim('auth_time', 'The login must not lie in the future')
  }
  return checkMoments(known, rules, nowMs)
}
