/** Verifies access tokens (RFC 9068 section 4, RFC 8725): the signature first, then each claim. */
import { type Clock, systemClock } from '../clock.js'
import { LatchkeyError } from '../errors.js'
import { checkInteger, checkOptionNames, checkText } from '../options.js'
import type { AccessToken } from './access-token.js'
import { createTokenCheck, trust } from './check-token.js'
import type { Trust } from './checks.js'
import type { ClaimRules } from './claims.js'
import { type Keys, readKeys } from './key-set.js'
import type { Revocations } from './revocation-list.js'

export interface VerifierOptions {
  /** The keys that may have signed; each verifies tokens that name it by `kid`. */
  readonly keys: Keys
  /** What `iss` must be, character by character. */
  readonly issuer: string
  /** What `aud` must be or hold. */
  readonly audience: string
  /** How long after its `exp` a token still counts; 0 to 300, default 0. */
  readonly leewaySeconds?: number
  /** How many verified tokens are kept, at 2 KiB each on average; default 50,000; 0 keeps none. */
  readonly cacheEntries?: number
  /** Tokens that are refused before they expire; default none. */
  readonly revocations?: Revocations
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: Clock
}

export interface Verifier {
  /** @throws LatchkeyError `token_invalid`, `token_expired` (with the claim that was refused if it was one) or `token_revoked`. */
  verify(token: string): AccessToken
}

const optionNames = ['keys', 'issuer', 'audience', 'leewaySeconds', 'cacheEntries', 'revocations', 'clock']
const maxLeewaySeconds = 300

/**
 * Makes a verifier of access tokens. It accepts nothing but what `createSigner` and other issuers of the profile sign:
 * header exactly `alg`, `kid`, `typ: "at+jwt"`; every claim present and of its type; `exp` not reached and at most 30 days
 * after `iat`. It does not look at scopes, nor at how old its revocations are.
 *
 *     const { verify } = createVerifier({ keys: [publicJwk], issuer: 'https://id.example', audience: 'orders' })
 *     verify(token).user.uid
 *
 * @throws TypeError for a wrong key or an unknown or wrong option.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const clock = options.clock ?? systemClock
  const { trustIn, cacheEntries } = readVerifierOptions('createVerifier', options, optionNames)
  const { check } = createTokenCheck(trustIn(options.keys), cacheEntries)
  return Object.freeze({
    verify(token: string): AccessToken {
      const result = check(token, clock())
      if (!('refused' in result)) return result
      const { refused, reason, claim } = result
      throw new LatchkeyError(refused, { detail: reason, ...(claim === undefined ? {} : { claim }) })
    },
  })
}

/** What verifiers share, checked once. */
export interface CheckedVerifier {
  readonly rules: ClaimRules
  readonly cacheEntries: number
  /** What is trusted with these keys. */
  trustIn(keys: Keys): Trust
}

/**
 * Checks the options that verifiers share but for the keys; `names` are all that `owner` knows.
 * @throws TypeError for an unknown or wrong option.
 */
export function readVerifierOptions(
  owner: string,
  options: Omit<VerifierOptions, 'keys'>,
  names: readonly string[],
): CheckedVerifier {
  checkOptionNames(owner, options, names)
  if (options.clock !== undefined && typeof options.clock !== 'function')
    throw new TypeError('clock must be a function')
  const rules = Object.freeze({
    issuer: checkText('issuer', options.issuer),
    audience: checkText('audience', options.audience),
    leewaySeconds: checkInteger('leewaySeconds', options.leewaySeconds ?? 0, 0, maxLeewaySeconds),
  })
  const cacheEntries = checkInteger('cacheEntries', options.cacheEntries ?? 50_000, 0, 10_000_000)
  const revocations = readRevocations(options.revocations)
  return { rules, cacheEntries, trustIn: (keys) => trust(readKeys(keys), rules, revocations) }
}

function readRevocations(revocations: Revocations | undefined): Revocations | undefined {
  if (revocations === undefined) return undefined
  if (
    typeof revocations?.version !== 'number' ||
    typeof revocations.refuses !== 'function' ||
    typeof revocations.refusesKey !== 'function'
  ) {
    throw new TypeError('revocations must come from createRevocationList, or be like it')
  }
  return revocations
}
