/** The algorithms Latchkey signs and verifies with (RFC 7518 section 3, RFC 8037 section 3.1): all that is known of each. */

export type Algorithm = 'EdDSA' | 'ES256' | 'HS256' | 'HS384' | 'HS512'

export interface HmacAlgorithm {
  readonly kty: 'oct'
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  /** A key shorter than its hash is refused (RFC 7518 section 3.2). */
  readonly hashBytes: number
  readonly blockBytes: number
  /** Characters of a signature in base64url. */
  readonly signatureLength: number
}

export interface KeyPairAlgorithm {
  readonly kty: 'OKP' | 'EC'
  readonly crv: 'Ed25519' | 'P-256'
  readonly hash: 'sha256' | null
  readonly signatureLength: number
}

export const algorithms: Readonly<Record<Algorithm, HmacAlgorithm | KeyPairAlgorithm>> = Object.freeze({
  EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: null, signatureLength: 86 },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256', signatureLength: 86 },
  HS256: { kty: 'oct', hash: 'sha256', hashBytes: 32, blockBytes: 64, signatureLength: 43 },
  HS384: { kty: 'oct', hash: 'sha384', hashBytes: 48, blockBytes: 128, signatureLength: 64 },
  HS512: { kty: 'oct', hash: 'sha512', hashBytes: 64, blockBytes: 128, signatureLength: 86 },
})

export function isAlgorithm(name: unknown): name is Algorithm {
  return typeof name === 'string' && Object.hasOwn(algorithms, name)
}
