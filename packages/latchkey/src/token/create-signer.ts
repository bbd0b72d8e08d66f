/** Issues access tokens (RFC 9068 section 2). */
import { randomBytes } from 'node:crypto'

import { type Clock, systemClock } from '../clock.js'
import { encodeBase64url, isBase64url } from '../encoding/index.js'
import { checkInteger, checkOptionNames, checkText } from '../options.js'
import { headerSegment } from './check-token.js'
import { type AccessTokenClaims, maxTtlSeconds } from './claims.js'
import { maxTokenLength } from './compact.js'
import type { Jwk } from './jwk.js'
import { importKey, Key } from './key.js'
import { isScopeEntry } from './scope-claim.js'

export interface SignerOptions {
  readonly key: Key | Jwk
  /** Becomes `iss`. */
  readonly issuer: string
  /** Becomes `aud`, unless `issue` is told another. */
  readonly audience: string | readonly string[]
  /** From issue to expiry; 1 to 2,592,000 (30 days). */
  readonly ttlSeconds: number
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: Clock
}

export interface TokenSubject {
  readonly uid: string
  readonly clientType: number
  /** Patterns, forbidden ones with `!` before them; may be empty. */
  readonly scopes: readonly string[]
  /** 128 random bits in base64url. */
  readonly sid: string
  readonly gen: number
  /** Default `latchkey`. */
  readonly clientId?: string
  readonly audience?: string | readonly string[]
  /** When the secret was proved; default now. */
  readonly authenticatedAt?: Date
  /** The token expires no later than this. */
  readonly notAfter?: Date
}

export interface Signer {
  /**
   * Signs a new access token with a fresh `jti`.
   * @throws TypeError for a member that is missing or wrong, and when `notAfter` is past.
   */
  issue(subject: TokenSubject): string
}

const optionNames = ['key', 'issuer', 'audience', 'ttlSeconds', 'clock']
const subjectNames = [
  ...['uid', 'clientType', 'scopes', 'sid', 'gen'],
  ...['clientId', 'audience', 'authenticatedAt', 'notAfter'],
]
const maxCounter = 2 ** 31 - 2
const maxMoment = Number.MAX_SAFE_INTEGER

/**
 * Makes an issuer of access tokens. It keeps no list of what it issued and checks no secret.
 *
 *     const { issue } = createSigner({ key: generateKey('EdDSA'), issuer: 'https://id.example', audience: 'orders', ttlSeconds: 7200 })
 *     issue({ uid: '1', clientType: 100, scopes: ['order:read'], sid, gen: 0 })
 *
 * @throws TypeError for a key that cannot sign or an unknown or wrong option.
 */
export function createSigner(options: SignerOptions): Signer {
  checkOptionNames('createSigner', options, optionNames)
  const { clock = systemClock } = options
  const key = options.key instanceof Key ? options.key : importKey(options.key)
  if (!key.canSign) throw new TypeError(`The key ${key.kid} cannot sign: it is public, or its key_ops say so`)
  const issuer = checkWellFormed('issuer', options.issuer)
  const audience = checkAudience(options.audience)
  const ttlSeconds = checkInteger('ttlSeconds', options.ttlSeconds, 1, maxTtlSeconds)
  const header = headerSegment(key)

  function issue(subject: TokenSubject): string {
    checkSubject(subject)
    const now = checkInteger('The time in seconds that clock answers', Math.floor(clock() / 1000), 0, maxMoment)
    const exp = Math.min(now + ttlSeconds, subject.notAfter === undefined ? Infinity : toSeconds(subject.notAfter))
    if (exp <= now) throw new TypeError('notAfter must lie in the future')
    const claims: AccessTokenClaims = {
      iss: issuer,
      aud: subject.audience === undefined ? audience : checkAudience(subject.audience),
      sub: subject.uid,
      client_id: subject.clientId ?? 'latchkey',
      iat: now,
      exp,
      auth_time: subject.authenticatedAt === undefined ? now : toSeconds(subject.authenticatedAt),
      jti: encodeBase64url(randomBytes(16)),
      sid: subject.sid,
      gen: subject.gen,
      scope: subject.scopes.join(' '),
      client_type: subject.clientType,
    }
    const input = `${header}.${encodeBase64url(JSON.stringify(claims))}`
    if (input.length + 87 > maxTokenLength) throw new TypeError(`A token is at most ${maxTokenLength} characters long`)
    return `${input}.${Key.sign(key, input)}`
  }
  return Object.freeze({ issue })
}

function checkSubject(subject: TokenSubject): void {
  checkOptionNames('issue', subject, subjectNames)
  checkWellFormed('uid', subject.uid)
  if (subject.clientId !== undefined) checkWellFormed('clientId', subject.clientId)
  checkInteger('clientType', subject.clientType, 0, maxCounter)
  checkInteger('gen', subject.gen, 0, maxCounter)
  // Spread, since `every` passes over holes.
  if (!Array.isArray(subject.scopes) || ![...subject.scopes].every(isScopeEntry)) {
    throw new TypeError('scopes must be a list of resource:action or resource:action:any, with ! before forbidden ones')
  }
  if (typeof subject.sid !== 'string' || subject.sid.length !== 22 || !isBase64url(subject.sid)) {
    throw new TypeError('sid must be 128 bits in base64url')
  }
}

function checkAudience(audience: string | readonly string[]): string | readonly string[] {
  if (typeof audience === 'string') return checkWellFormed('audience', audience)
  if (!Array.isArray(audience) || audience.length === 0)
    throw new TypeError('audience must be a text or a list of texts')
  return Object.freeze([...audience].map((one) => checkWellFormed('audience', one)))
}

/** A lone surrogate would be written as an escape that strict readers refuse. */
function checkWellFormed(name: string, value: unknown): string {
  const text = checkText(name, value)
  if (/\p{Surrogate}/u.test(text)) throw new TypeError(`${name} must be well-formed Unicode`)
  return text
}

function toSeconds(moment: Date): number {
  const seconds = moment instanceof Date ? Math.floor(moment.getTime() / 1000) : Number.NaN
  if (!Number.isSafeInteger(seconds) || seconds < 0) throw new TypeError('A moment must be a Date after 1970')
  return seconds
}
