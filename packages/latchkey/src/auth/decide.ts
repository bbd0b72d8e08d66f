/** The decision for one request: who sent it and whether it may pass. No I/O, no wait, no exception. */
import { allowsScope } from '../access/index.js'
import type { ErrorCode, ErrorDetails } from '../errors.js'
import { LatchkeyError } from '../errors.js'
import { isPlainBearer } from '../http/authorization-header.js'
import {
  type Credentials,
  challenge,
  describeRequest,
  type ProblemAnswer,
  problem,
  readAuthorization,
} from '../http/index.js'
import { type PreparedProblem, prepareProblem } from '../http/problem.js'
import type { User } from '../token/access-token.js'
import type { TokenCheck } from '../token/check-token.js'
import { maxClockAheadSeconds } from '../token/claims.js'
import { describeCredential } from '../token/explain-advice.js'
import type { Refusal } from '../token/refusal.js'
import type { Need } from './need.js'

/** What a guard takes from the request of its framework. Absent headers are undefined. */
export interface GuardRequest {
  readonly method: string
  /** As it came, with the query. */
  readonly url: string
  /** Each Authorization line; frameworks may join them with commas. */
  readonly authorization: readonly string[]
  /** The Host header. */
  readonly host: string | undefined
  readonly origin: string | undefined
  /** The Sec-Fetch-Site header. */
  readonly fetchSite: string | undefined
  /** The Sec-Fetch-Mode header. */
  readonly fetchMode: string | undefined
  /** A CORS pre-flight: OPTIONS with Origin and Access-Control-Request-Method. */
  readonly preflight: boolean
}

/** Either the request passes (with a user, but for a pre-flight or an anonymous request to an optional guard), or this is the answer. */
export type Decision = { readonly user: User | undefined; readonly status?: undefined } | ProblemAnswer

/** What is asked about a token. */
export type Check = TokenCheck<Verified>

interface Verified {
  readonly user: User
  readonly claims: { readonly auth_time?: number }
}

/** What to do about a token, for developers: it may hold what the token says. */
export type AdviseOn = (token: string) => string

export const keysUnknown = 'The keys of the issuer are not known yet'
const howToSend = 'Log in at POST /v1/token, and send its "token" as "Authorization: Bearer TOKEN"'
const anonymous: Decision = Object.freeze({ user: undefined })

/** @throws nothing: what goes wrong inside is answered as `server_error`. */
export function decide(
  check: Check | undefined,
  request: GuardRequest,
  need: Need,
  nowMs: number,
  isUsable: (nowMs: number) => boolean,
  adviseOn: AdviseOn | undefined,
): Decision {
  if (request.preflight) return anonymous
  const lines = request.authorization
  // Most requests bring a line that was let through before: it need not be read again.
  const known = lines.length === 1 ? check?.recall(lines[0] as string, nowMs) : undefined
  if (known !== undefined) {
    if (hasTokenInQuery(request.url)) return refuseSeveral(request, need)
    return admit(known, request, need, nowMs, isUsable)
  }
  const credentials = readAuthorization(lines)
  if (credentials.kind !== 'token' || (credentials.scheme === 'basic' && !need.basic)) {
    return decideWithoutToken(credentials, request, need, adviseOn)
  }
  if (hasTokenInQuery(request.url)) return refuseSeveral(request, need)
  const isBasic = credentials.scheme === 'basic'
  if (isBasic && isAmbient(request)) {
    return refuse(request, need, 'forbidden', { detail: 'Basic is not taken from another site', challenge: null })
  }
  if (check === undefined) return refuse(request, need, 'busy', { detail: keysUnknown })
  const { token } = credentials
  // Of Basic the token is remembered, for in its line may stand a password; and of a line with more white space, or in other
  // letters, lest one token take many places.
  const result = check.check(token, nowMs, isPlainBearer(lines[0] as string, token) ? lines[0] : undefined)
  if ('refused' in result) return refuseToken(request, need, result, token, adviseOn)
  return admit(result, request, need, nowMs, isUsable)
}

/** What is asked of a request with a good token. */
function admit(
  verified: Verified,
  request: GuardRequest,
  need: Need,
  nowMs: number,
  isUsable: (nowMs: number) => boolean,
): Decision {
  if (!isUsable(nowMs))
    return refuse(request, need, 'busy', { detail: 'It is not known at this moment who was logged out' })
  if (need.scopes.length > 0 || need.anyOf.length > 0) {
    const missing = missingScope(verified.user.scopes, need)
    if (missing !== undefined) {
      return refuse(request, need, 'forbidden', { detail: `The scope needed is ${missing}`, scope: missing })
    }
  }
  if (need.maxAgeSeconds !== Number.POSITIVE_INFINITY && !isRecent(verified.claims, need.maxAgeSeconds, nowMs)) {
    return refuse(request, need, 'login_too_old', { maxAgeSeconds: need.maxAgeSeconds })
  }
  return verified
}

/**
 * Whether the secret was proved as lately as is needed. A token that does not say when is none of a new login; nor is one of a
 * login in the future, but for what clocks may differ by: it would be new enough for ever.
 */
function isRecent({ auth_time }: Verified['claims'], maxAgeSeconds: number, nowMs: number): boolean {
  if (auth_time === undefined) return false
  const ageMs = nowMs - auth_time * 1000
  return ageMs <= maxAgeSeconds * 1000 && ageMs >= -maxClockAheadSeconds * 1000
}

function decideWithoutToken(
  credentials: Credentials,
  request: GuardRequest,
  need: Need,
  adviseOn?: AdviseOn,
): Decision {
  const { kind } = credentials
  if (kind === 'several') return refuseSeveral(request, need)
  if (kind === 'none') {
    if (need.optional) return anonymous
    const details = { detail: 'A token is needed', challenge: null }
    return refuse(request, need, 'token_invalid', adviseOn ? { ...details, hint: howToSend } : details)
  }
  // Where Basic is not taken it is as foreign as Digest, well-formed or not.
  if (kind === 'malformed' && (credentials.scheme === 'bearer' || need.basic)) {
    return refuse(request, need, 'token_invalid', { detail: credentials.reason })
  }
  return refuse(request, need, 'token_invalid', {
    detail: need.basic ? 'A token is needed, by Bearer or Basic' : 'A token is needed, by Bearer',
    challenge: null,
  })
}

/** RFC 6750 section 2: a request carries its token in one place. */
function refuseSeveral(request: GuardRequest, need: Need): Decision {
  return refuse(request, need, 'parameter_invalid', {
    msg: { authorization: ['must be sent once'] },
    detail: 'A request must carry one credential, in one place',
    challenge: 'invalid_request',
  })
}

interface PreparedRefusal {
  readonly plain: PreparedProblem
  /** With the challenge that opens a browser's login box. */
  readonly withBasic: PreparedProblem
}

/** By the refusals, which are few: whoever sends many bad tokens is to cost no more than good ones do. */
const prepared = new WeakMap<Refusal, PreparedRefusal>()

function refuseToken(
  request: GuardRequest,
  need: Need,
  refusal: Refusal,
  token: string,
  adviseOn?: AdviseOn,
): Decision {
  const advice = describeCredential(token)
  const hint = adviseOn?.(token)
  if (advice !== undefined || hint !== undefined) {
    const details = { detail: advice ?? refusal.reason }
    return refuse(request, need, refusal.refused, hint === undefined ? details : { ...details, hint })
  }
  let known = prepared.get(refusal)
  if (known === undefined) {
    known = prepareRefusal(new LatchkeyError(refusal.refused, { detail: refusal.reason }))
    prepared.set(refusal, known)
  }
  const answer = need.basic && opensLoginBox(request) ? known.withBasic : known.plain
  return answer(describeRequest(request.method, request.url))
}

function prepareRefusal(error: LatchkeyError): PreparedRefusal {
  return { plain: prepareProblem(error), withBasic: prepareProblem(error, challenge(error, { basic: true })) }
}

function refuse(request: GuardRequest, need: Need, code: ErrorCode, details: ErrorDetails): Decision {
  const error = new LatchkeyError(code, details)
  const written = challenge(error, { basic: need.basic && opensLoginBox(request) })
  return problem(error, describeRequest(request.method, request.url), written)
}

/** Only a person who navigates should see the browser's login box, never the user of a page whose script asked. */
function opensLoginBox({ origin, fetchMode }: GuardRequest): boolean {
  return origin === undefined && (fetchMode === undefined || fetchMode === 'navigate')
}

/**
 * A browser that once was asked for Basic sends it by itself, from any site. Sec-Fetch-Site tells the site; where a browser
 * does not send it (plain http), a foreign Origin does.
 */
function isAmbient({ fetchSite, origin, host }: GuardRequest): boolean {
  if (fetchSite !== undefined) return fetchSite !== 'same-origin' && fetchSite !== 'none'
  if (origin === undefined) return false
  return host === undefined || (origin !== `http://${host}` && origin !== `https://${host}`)
}

function hasTokenInQuery(url: string): boolean {
  if (!url.includes('access_token=')) return false
  const start = url.indexOf('?')
  return start >= 0 && new URLSearchParams(url.slice(start)).has('access_token')
}

/** The scopes to name in the refusal: the first that is missing, or all that would do. */
function missingScope(granted: readonly string[], need: Need): string | undefined {
  for (const scope of need.scopes) {
    if (!allowsScope(granted, scope)) return scope
  }
  if (need.anyOf.length === 0 || need.anyOf.some((scope) => allowsScope(granted, scope))) return undefined
  return need.anyOf.join(' ')
}
