/** The check of one access token of another issuer, without exceptions (RFC 8725, RFC 9068 section 4). */
import type { JsonObject } from '../encoding/index.js'
import { toUser, type User } from './access-token.js'
import type { TokenCheck } from './check-token.js'
import { type ClaimRules, checkMoments } from './claims.js'
import { maxTokenLength, splitCompact } from './compact.js'
import { checkForeignClaims, type ForeignClaims } from './foreign-claims.js'
import { type ForeignHeader, readForeignHeader } from './foreign-header.js'
import type { ForeignKey } from './foreign-key.js'
import { readForeignScopes } from './foreign-scopes.js'
import { readJsonText } from './header.js'
import { malformed, type Refusal, refuse, refuseClaim, unknownKey, wrongPayload, wrongSignature } from './refusal.js'
import { type CacheCounts, type Cached, createTokenCache, noCounts } from './token-cache.js'

export interface ForeignToken {
  readonly user: User
  /** What is looked at again; the others are not kept. */
  readonly claims: Pick<ForeignClaims, 'exp' | 'iat' | 'nbf' | 'auth_time'>
}

export type ForeignTokenCheck = TokenCheck<ForeignToken>

const wrongHeader = refuse(
  'The header must have alg RS256, PS256, ES256 or EdDSA, typ JWT or at+jwt or none, and neither crit nor b64',
)
const wrongScope = refuseClaim('scope', 'The scopes must be a text in scope, or a text or a list of texts in scp')
const readingKeys: Refusal = Object.freeze({
  refused: 'busy',
  reason: 'The token names a key that is not known; the keys of the issuer are being read',
})

/**
 * Makes the check for the keys of a set. The signature is verified before any claim is read. `asksForKeys` is told of a token
 * that names an unknown key, and answers whether the keys are being read because of such a token.
 */
export function createForeignTokenCheck(
  keys: readonly ForeignKey[],
  rules: ClaimRules,
  cacheEntries: number,
  asksForKeys: () => boolean,
  counts: CacheCounts = noCounts(),
): ForeignTokenCheck {
  const cache = createTokenCache<Cached & { readonly verified: ForeignToken }>(cacheEntries, counts)

  function recall(line: string, nowMs: number): ForeignToken | undefined {
    const known = cache.find(line)
    if (!known?.isLine || checkMoments(known.verified.claims, rules, nowMs)) return undefined
    counts.hits++
    return known.verified
  }

  function check(token: string, nowMs: number, line?: string): ForeignToken | Refusal {
    if (typeof token !== 'string' || token.length > maxTokenLength) return malformed
    const text = line ?? token
    const known = cache.get(text)
    // A token that is the text of a line is none.
    if (known && known.isLine === (line !== undefined))
      return checkMoments(known.verified.claims, rules, nowMs) ?? known.verified

    const parts = splitCompact(token)
    if (!parts) return malformed
    const header = readForeignHeader(parts.header)
    if (!header) return wrongHeader
    const key = findKey(keys, header)
    if (!key) return isOfUnknownKey(keys, header) && asksForKeys() ? readingKeys : unknownKey
    if (!key.verifies(token, parts.signedLength)) return wrongSignature

    const claims = readJsonText(parts.payloadText)
    if (!claims) return wrongPayload
    const scopes = readForeignScopes(claims)
    const refusal = checkForeignClaims(claims, rules, nowMs)
    if (refusal) return refusal
    if (!scopes) return wrongScope
    const verified = toForeignToken(claims, scopes)
    cache.set(text, { text, isLine: line !== undefined, verified })
    return verified
  }

  return { check, recall }
}

/** The key of this algorithm and name; without a name, the only one of the algorithm. Where there are two, neither. */
function findKey(keys: readonly ForeignKey[], { alg, kid }: ForeignHeader): ForeignKey | undefined {
  const found = keys.filter((key) => key.alg === alg && (kid === undefined || key.kid === kid))
  return found.length === 1 ? found[0] : undefined
}

function isOfUnknownKey(keys: readonly ForeignKey[], { kid }: ForeignHeader): boolean {
  return kid !== undefined && !keys.some((key) => key.kid === kid)
}

function toForeignToken(json: JsonObject, scopes: readonly string[]): ForeignToken {
  const { sub, exp, iat, nbf, auth_time } = json as unknown as ForeignClaims
  const sid = typeof json.sid === 'string' ? json.sid : ''
  const claims = {
    exp,
    ...(iat !== undefined && { iat }),
    ...(nbf !== undefined && { nbf }),
    ...(auth_time !== undefined && { auth_time }),
  }
  return Object.freeze({
    user: toUser({ uid: sub, clientType: 0, scopes, sid }, iat ?? 0, exp),
    claims: Object.freeze(claims),
  })
}
