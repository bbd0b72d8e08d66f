/** The check of one access token, without exceptions: what `createVerifier` and guards stand on. */

import { encodeBase64url } from '../encoding/index.js'
import { type AccessToken, toAccessToken } from './access-token.js'
import { accessTokenType, Examination, examine, revoked, type Trust } from './checks.js'
import { type AccessTokenClaims, type ClaimRules, checkMoments, isWithin, type Period, periodOf } from './claims.js'
import { maxTokenLength } from './compact.js'
import type { Key } from './key.js'
import { malformed, type Refusal } from './refusal.js'
import type { Revocations } from './revocation-list.js'
import { type CacheCounts, type Cached, createTokenCache, noCounts } from './token-cache.js'

/** A check that remembers what it accepted. */
export interface TokenCheck<Verified = AccessToken> {
  /** With `line`, the line of the header that the token came in, it is remembered by that. */
  check(token: string, nowMs: number, line?: string): Verified | Refusal
  /** What a line that was let through before is worth now; undefined where it must be read, and its token checked. */
  recall(line: string, nowMs: number): Verified | undefined
}

/** The text of the header that tokens of this key carry. */
export function headerSegment(key: Key): string {
  return encodeBase64url(JSON.stringify({ alg: key.alg, kid: key.kid, typ: accessTokenType }))
}

export function trust(keys: readonly Key[], rules: ClaimRules, revocations: Revocations | undefined): Trust {
  return { keys, rules, revocations, beginnings: keys.map((key) => ({ text: `${headerSegment(key)}.`, key })) }
}

/**
 * A token that was verified, and the version of the revocations that let it through. It says itself when the token may be taken,
 * in epoch seconds: what a hit reads lies together, for memory far from the processor is most of what it costs.
 */
interface Known extends Cached, Period {
  readonly accessToken: AccessToken
  version: number
}

/**
 * Makes the check for a list of keys. Whatever time and revocations change is checked for a token seen before as for a new one.
 * `counts` goes on from what stands in it.
 */
export function createTokenCheck(trusted: Trust, cacheEntries: number, counts: CacheCounts = noCounts()): TokenCheck {
  const { rules, revocations } = trusted
  const cache = createTokenCache<Known>(cacheEntries, counts)

  function checkKnown(known: Known, nowMs: number): AccessToken | Refusal {
    const { accessToken } = known
    const refusal = isWithin(known, nowMs) ? undefined : checkMoments(accessToken.claims, rules, nowMs)
    if (refusal) return refusal
    if (revocations !== undefined && known.version !== revocations.version) {
      if (revocations.refuses(accessToken.claims, accessToken.kid)) return revoked
      known.version = revocations.version
    }
    return accessToken
  }

  function recall(line: string, nowMs: number): AccessToken | undefined {
    const known = cache.find(line)
    if (known === undefined || !known.isLine || !isWithin(known, nowMs)) return undefined
    if (revocations !== undefined && known.version !== revocations.version) return undefined
    counts.hits++
    return known.accessToken
  }

  function check(token: string, nowMs: number, line?: string): AccessToken | Refusal {
    if (typeof token !== 'string' || token.length > maxTokenLength) return malformed
    // Only verified tokens are in the cache, so this is any text at all until the whole of it is found there. A token that is the
    // text of a line is none.
    const text = line ?? token
    const known = cache.get(text)
    if (known && known.isLine === (line !== undefined)) return checkKnown(known, nowMs)

    const examination = new Examination(token, nowMs)
    const refusal = examine(examination, trusted)
    if (refusal) return refusal
    const { claims, scopes, key } = examination
    const accessToken = toAccessToken(claims as AccessTokenClaims, scopes as readonly string[], (key as Key).kid)
    const { from, until } = periodOf(accessToken.claims, rules)
    cache.set(text, { text, isLine: line !== undefined, from, until, version: revocations?.version ?? 0, accessToken })
    return accessToken
  }

  return { check, recall }
}
