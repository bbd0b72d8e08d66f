/** The claims of an access token (RFC 7519 section 4.1, RFC 9068 section 2.2), and what each must be, whoever signed it. */

import type { JsonObject } from '../encoding/index.js'
import { isBase64url } from '../encoding/index.js'
import { type Refusal, refuseClaim } from './refusal.js'

/** The raw claims under their RFC names; moments are NumericDates, in seconds since the epoch. */
export interface AccessTokenClaims {
  readonly iss: string
  readonly aud: string | readonly string[]
  readonly sub: string
  readonly client_id: string
  readonly iat: number
  readonly exp: number
  readonly nbf?: number
  /** When the user last proved the secret. */
  readonly auth_time: number
  readonly jti: string
  /** The session. */
  readonly sid: string
  /** The generation: how many times the session has issued tokens. */
  readonly gen: number
  /** Space-separated. */
  readonly scope: string
  readonly client_type: number
}

export interface ClaimRules {
  readonly issuer: string
  readonly audience: string
  readonly leewaySeconds: number
}

/** No token lives longer, whatever its `exp` says. */
export const maxTtlSeconds = 30 * 24 * 3600
/** How far ahead the issuer's clock may be. */
export const maxClockAheadSeconds = 60
const maxInt32 = 2 ** 31 - 1

export const isText = (value: unknown) => typeof value === 'string' && value !== ''
const isMoment = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
export const isCounter = (value: unknown) => isMoment(value) && (value as number) < maxInt32
const isRandom128 = (value: unknown) => typeof value === 'string' && value.length === 22 && isBase64url(value)
export const isAudience = (value: unknown) =>
  isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText))

const shapes = (
  [
    ['iss', isText, 'a text'],
    ['aud', isAudience, 'a text or a list of texts'],
    ['sub', isText, 'a text'],
    ['client_id', isText, 'a text'],
    ['iat', isMoment, 'a whole number of seconds'],
    ['exp', isMoment, 'a whole number of seconds'],
    ['auth_time', isMoment, 'a whole number of seconds'],
    ['jti', isRandom128, '128 bits in base64url'],
    ['sid', isRandom128, '128 bits in base64url'],
    ['gen', isCounter, 'a whole number below 2^31-1'],
    ['scope', (value: unknown) => typeof value === 'string', 'a text'],
    ['client_type', isCounter, 'a whole number below 2^31-1'],
  ] as const
).map(([claim, is, expectation]) => ({
  ...{ claim, is },
  refusal: refuseClaim(claim, `The claim ${claim} must be ${expectation}`),
}))

/** Checks that every claim is there, and of its type. */
export function checkShapes(claims: JsonObject): Refusal | undefined {
  for (const { claim, is, refusal } of shapes) if (!is(claims[claim])) return refusal
  const { nbf } = claims
  return nbf === undefined || isMoment(nbf) ? undefined : wrongNotBefore
}

/** Checks from whom the token is, character by character. */
export function checkIssuer({ iss }: Pick<AccessTokenClaims, 'iss'>, rules: ClaimRules): Refusal | undefined {
  return iss === rules.issuer ? undefined : otherIssuer
}

/** Checks for whom it is, character by character. */
export function checkAudience({ aud }: Pick<AccessTokenClaims, 'aud'>, rules: ClaimRules): Refusal | undefined {
  const isOurs = typeof aud === 'string' ? aud === rules.audience : aud.includes(rules.audience)
  return isOurs ? undefined : otherAudience
}

export function checkLifetime({ iat, exp }: Pick<AccessTokenClaims, 'iat' | 'exp'>): Refusal | undefined {
  return exp - iat <= maxTtlSeconds ? undefined : tooLong
}

/** NumericDates; other issuers may leave out `iat`. */
export interface Moments {
  readonly iat?: number
  readonly nbf?: number
  readonly exp: number
}

/** Each comparison says what must hold, so that a clock that answers no number accepts nothing. */
export function checkIssuedAt({ iat }: Moments, nowMs: number): Refusal | undefined {
  return iat === undefined || iat * 1000 <= nowMs + maxClockAheadSeconds * 1000 ? undefined : tooEarly
}

export function checkNotBefore({ nbf }: Moments, nowMs: number): Refusal | undefined {
  return nbf === undefined || nbf * 1000 <= nowMs ? undefined : notYet
}

/** A token is refused from the moment of its `exp` on (RFC 7519 section 4.1.4). */
export function checkExpiry({ exp }: Moments, rules: ClaimRules, nowMs: number): Refusal | undefined {
  return nowMs < (exp + rules.leewaySeconds) * 1000 ? undefined : expired
}

/** Checks what time alone changes, for a token seen before as for a new one. */
export function checkMoments(claims: Moments, rules: ClaimRules, nowMs: number): Refusal | undefined {
  return checkIssuedAt(claims, nowMs) ?? checkNotBefore(claims, nowMs) ?? checkExpiry(claims, rules, nowMs)
}

/** When `checkMoments` has nothing to say, in epoch seconds: from the first on, and before the second. */
export interface Period {
  readonly from: number
  readonly until: number
}

export function periodOf({ iat, nbf, exp }: AccessTokenClaims, rules: ClaimRules): Period {
  return { from: Math.max(iat - maxClockAheadSeconds, nbf ?? 0), until: exp + rules.leewaySeconds }
}

export const isWithin = ({ from, until }: Period, nowMs: number) => from * 1000 <= nowMs && nowMs < until * 1000

const wrongNotBefore = refuseClaim('nbf', 'The claim nbf must be a whole number of seconds')
const otherIssuer = refuseClaim('iss', 'The token must come from the issuer this service trusts')
const otherAudience = refuseClaim('aud', 'The token must be issued for this service')
const tooLong = refuseClaim('exp', 'A token must expire within 30 days of its issue')
const tooEarly = refuseClaim('iat', 'The token must not be issued in the future')
const notYet = refuseClaim('nbf', 'The token is not valid yet')
const expired: Refusal = Object.freeze({
  refused: 'token_expired',
  claim: 'exp',
  reason: 'The token has expired: refresh it, or log in again',
})
