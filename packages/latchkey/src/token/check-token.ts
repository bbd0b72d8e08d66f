/** The check of one access token, without exceptions: what `createVerifier` and guards stand on. */

import type { JsonObject } from '../encoding/index.js'
import { encodeBase64url } from '../encoding/index.js'
import { type AccessToken, toAccessToken } from './access-token.js'
import { type AccessTokenClaims, type ClaimRules, checkClaims, checkMoments } from './claims.js'
import { maxTokenLength, splitCompact } from './compact.js'
import { readJsonSegment } from './header.js'
import { Key } from './key.js'
import { malformed, type Refusal, refuse, refuseClaim, unknownKey, wrongPayload, wrongSignature } from './refusal.js'
import type { Revocations } from './revocation-list.js'
import { readScopeClaim } from './scope-claim.js'
import { createTokenCache } from './token-cache.js'

export const accessTokenType = 'at+jwt'

export type TokenCheck = (token: string, nowMs: number) => AccessToken | Refusal

const wrongHeader = refuse('The header must be exactly alg, kid and typ "at+jwt", strictly written')
const wrongScope = refuseClaim('scope', 'The claim scope must be scopes with one space between them')

const revoked: Refusal = Object.freeze({
  refused: 'token_revoked',
  reason: 'The token was revoked: refresh it, or log in again',
})

/** The text of the header that tokens of this key carry. */
export function headerSegment(key: Key): string {
  return encodeBase64url(JSON.stringify({ alg: key.alg, kid: key.kid, typ: accessTokenType }))
}

/** A token that was verified, and the version of the revocations that let it through. */
interface Known {
  readonly accessToken: AccessToken
  version: number
}

/**
 * Makes the check for a list of keys. The signature is verified before any claim is read, and whatever time and revocations
 * change is checked for a token seen before as for a new one.
 */
export function createTokenCheck(
  keys: readonly Key[],
  rules: ClaimRules,
  cacheEntries: number,
  revocations: Revocations | undefined,
): TokenCheck {
  const keyByHeader = new Map(keys.map((key) => [headerSegment(key), key]))
  const cache = createTokenCache<Known>(cacheEntries)

  function checkKnown(known: Known, nowMs: number): AccessToken | Refusal {
    const { accessToken } = known
    const refusal = checkMoments(accessToken.claims, rules, nowMs)
    if (refusal) return refusal
    if (revocations !== undefined && known.version !== revocations.version) {
      if (revocations.refuses(accessToken.claims, accessToken.kid)) return revoked
      known.version = revocations.version
    }
    return accessToken
  }

  return (token, nowMs) => {
    if (typeof token !== 'string' || token.length > maxTokenLength) return malformed
    // Only verified tokens are in the cache, so this is any text at all until the whole of it is found there.
    const known = cache.get(token, token.slice(token.lastIndexOf('.') + 1))
    if (known) return checkKnown(known, nowMs)

    const parts = splitCompact(token)
    if (!parts) return malformed
    const key = keyByHeader.get(parts.header) ?? findKey(parts.header, keys)
    if (!(key instanceof Key)) return key
    if (!Key.verify(key, parts.input, parts.signature)) return wrongSignature

    const claims = readJsonSegment(parts.payload)
    if (!claims) return wrongPayload
    const scopes = typeof claims.scope === 'string' ? readScopeClaim(claims.scope) : undefined
    const refusal = checkClaims(claims, rules, nowMs)
    if (refusal) return refusal
    if (!scopes) return wrongScope
    const accessToken = toAccessToken(claims as unknown as AccessTokenClaims, scopes, key.kid)
    if (revocations?.refuses(accessToken.claims, accessToken.kid)) return revoked
    cache.set(token, parts.signature, { accessToken, version: revocations?.version ?? 0 })
    return accessToken
  }
}

/** For headers that are right but written in another order. */
function findKey(segment: string, keys: readonly Key[]): Key | Refusal {
  const header = readJsonSegment(segment)
  if (!header || !isAccessTokenHeader(header)) return wrongHeader
  const key = keys.find((candidate) => candidate.kid === header.kid)
  return key && key.alg === header.alg ? key : unknownKey
}

function isAccessTokenHeader(header: JsonObject): boolean {
  const { alg, kid, typ } = header
  return (
    typeof alg === 'string' && typeof kid === 'string' && typ === accessTokenType && Object.keys(header).length === 3
  )
}
