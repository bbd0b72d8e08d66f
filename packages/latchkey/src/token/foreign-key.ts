/** A key from another issuer's set (RFC 7517 sections 4 and 5): it verifies, with one algorithm, and has no secret part. */
import type { JsonObject } from '../encoding/index.js'
import { importKey, Key } from './key.js'
import { readRsaKey } from './rsa-key.js'

/** What other issuers may sign with. Never an algorithm with a shared secret: the keys are public. */
const foreignAlgorithms = Object.freeze({
  RS256: { kty: 'RSA', crv: undefined },
  PS256: { kty: 'RSA', crv: undefined },
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
})

export type ForeignAlgorithm = keyof typeof foreignAlgorithms

export interface ForeignKey {
  readonly alg: ForeignAlgorithm
  /** Undefined where the set gives it no name. */
  readonly kid: string | undefined
  /**
   * Whether a compact JWS, in ASCII and its signature in canonical base64url, ends with this key's signature of its first
   * `signedLength` characters.
   */
  verifies(token: string, signedLength: number): boolean
}

export function isForeignAlgorithm(name: unknown): name is ForeignAlgorithm {
  return typeof name === 'string' && Object.hasOwn(foreignAlgorithms, name)
}

/** Members of a private key or a secret (RFC 7518 section 6): who publishes one lets anybody sign. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/**
 * Reads one entry of the set; undefined when it is of no use here: for encryption, of another kind, a weak or broken one, or a
 * private key. A key without `alg` has that of its kind, RS256 for RSA: a fixed rule, and never what a token says.
 */
export function readForeignKey(jwk: unknown): ForeignKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const members = jwk as JsonObject
  const { kty, crv, kid, use, key_ops: operations, alg = algorithmOf(kty, crv) } = members
  if (!isForeignAlgorithm(alg)) return undefined
  const expected = foreignAlgorithms[alg]
  if (kty !== expected.kty || crv !== expected.crv) return undefined
  if (use !== undefined && use !== 'sig') return undefined
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return undefined
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) return undefined
  if (privateMembers.some((member) => Object.hasOwn(members, member))) return undefined
  const verifies = alg === 'RS256' || alg === 'PS256' ? readRsaKey(alg, members.n, members.e) : readCurve(alg, members)
  return verifies && Object.freeze({ alg, kid, verifies })
}

function algorithmOf(kty: unknown, crv: unknown): ForeignAlgorithm | undefined {
  const names = Object.keys(foreignAlgorithms) as ForeignAlgorithm[]
  return names.find((name) => foreignAlgorithms[name].kty === kty && foreignAlgorithms[name].crv === crv)
}

/** The same rules as for keys of our own: on the curve, canonically written, not of small order. */
function readCurve(alg: 'ES256' | 'EdDSA', { kty, crv, x, y }: JsonObject): ForeignKey['verifies'] | undefined {
  try {
    const key = importKey({ kty, crv, x, y, alg } as Parameters<typeof importKey>[0])
    return (token, signedLength) => Key.verify(key, token, signedLength)
  } catch {
    return undefined
  }
}
