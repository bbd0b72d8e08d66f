/**
 * What the quick paths are held against: verifiers that do no more than they must, written straight down, in the same calls of
 * node:crypto. Slower or quicker machines meet both alike. Not for use: they are lax.
 */
import { hash } from 'node:crypto'

const blockBytes = 64

/** Verifies HS256: the signature, the issuer, the audience, the time. */
export function createReferenceVerifier(secret, { issuer, audience }) {
  const inner = Buffer.alloc(blockBytes + 8192, 0x36)
  const outer = Buffer.alloc(blockBytes + 32, 0x5c)
  for (let i = 0; i < secret.length; i++) {
    inner[i] ^= secret[i]
    outer[i] ^= secret[i]
  }
  return (token) => {
    const [first, last] = [token.indexOf('.'), token.lastIndexOf('.')]
    const length = inner.write(token.slice(0, last), blockBytes, 'latin1')
    outer.write(hash('sha256', inner.subarray(0, blockBytes + length), 'binary'), blockBytes, 'latin1')
    if (hash('sha256', outer, 'base64url') !== token.slice(last + 1)) return undefined
    const claims = JSON.parse(Buffer.from(token.slice(first + 1, last), 'base64url').toString())
    if (claims.iss !== issuer || !claims.aud.includes(audience) || claims.exp * 1000 < Date.now()) return undefined
    return claims
  }
}

/** Knows every token that it was given. */
export function createReferenceCache(tokens, verify) {
  const known = new Map(tokens.map((token) => [token.slice(-22), { token, claims: verify(token) }]))
  return (token) => {
    const entry = known.get(token.slice(-22))
    return entry?.token === token && Date.now() < entry.claims.exp * 1000 ? entry.claims : undefined
  }
}
