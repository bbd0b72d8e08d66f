/** The public half of an RSA key, for tokens of other issuers alone: Latchkey itself signs with none (RFC 7518 sections 3.3, 3.5 and 6.3). */
import { constants, createPublicKey, verify } from 'node:crypto'
import { decodeBase64url } from '../encoding/index.js'

export type RsaAlgorithm = 'RS256' | 'PS256'

/** RFC 7518 section 3.3 demands the least; beyond the greatest, OpenSSL's cost is a denial of service. */
const minModulusBits = 2048
const maxModulusBits = 8192
/** FIPS 186-5 section 5.1 wants more than 2^16; for a great modulus OpenSSL takes at most 64 bits. */
const minExponent = 65_537n
const maxExponentBytes = 8

/**
 * Makes the verification by one key and one algorithm, of a compact JWS as `ForeignKey` takes it; undefined for a modulus that is
 * not 2048 to 8192 bits long or an exponent that is even, below 65537 or beyond 64 bits. Both are written without leading zeros
 * (RFC 7518 section 2, Base64urlUInt).
 */
export function readRsaKey(
  alg: RsaAlgorithm,
  n: unknown,
  e: unknown,
): ((token: string, signedLength: number) => boolean) | undefined {
  const modulus = readUnsigned(n)
  const exponent = readUnsigned(e)
  if (!modulus || !isGoodModulus(modulus) || !exponent || !isGoodExponent(exponent)) return undefined
  const key = createPublicKey({ key: { kty: 'RSA', n: n as string, e: e as string }, format: 'jwk' })
  const signatureLength = Math.ceil((modulus.length * 4) / 3)
  const checking = { key, ...paddings[alg] }
  return (token, signedLength) => {
    const signature = token.slice(signedLength + 1)
    if (signature.length !== signatureLength) return false
    const signed = Buffer.from(token.slice(0, signedLength), 'latin1')
    return verify('sha256', signed, checking, Buffer.from(signature, 'base64url'))
  }
}

/** The salt of PS256 is as long as its hash (RFC 7518 section 3.5). */
const paddings: Readonly<Record<RsaAlgorithm, { readonly padding: number; readonly saltLength?: number }>> = {
  RS256: { padding: constants.RSA_PKCS1_PADDING },
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
}

function readUnsigned(text: unknown): Uint8Array | undefined {
  const bytes = typeof text === 'string' ? decodeBase64url(text) : undefined
  return bytes?.[0] ? bytes : undefined
}

function isGoodModulus(modulus: Uint8Array): boolean {
  const bits = modulus.length * 8 - Math.clz32(modulus[0] as number) + 24
  return bits >= minModulusBits && bits <= maxModulusBits && isOdd(modulus)
}

function isGoodExponent(exponent: Uint8Array): boolean {
  if (exponent.length > maxExponentBytes || !isOdd(exponent)) return false
  return BigInt(`0x${Buffer.from(exponent).toString('hex')}`) >= minExponent
}

function isOdd(number: Uint8Array): boolean {
  return ((number.at(-1) as number) & 1) === 1
}
