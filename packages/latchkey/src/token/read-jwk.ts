/** Reads one JSON Web Key and refuses what is not exactly a key of ours (RFC 7517, RFC 7518 section 6, RFC 8037 section 2). */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify, X509Certificate } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '../encoding/index.js'
import { type Algorithm, algorithms, type HmacAlgorithm, isAlgorithm, type KeyPairAlgorithm } from './algorithms.js'
import { createHmacText } from './hmac.js'
import type { Jwk } from './jwk.js'

export interface KeyMaterial {
  readonly alg: Algorithm
  readonly kid: string
  /** Set for HMAC. */
  readonly secret?: Uint8Array
  /** Set for a key pair. */
  readonly publicKey?: KeyObject
  /** Set for a key pair that can sign. */
  readonly privateKey?: KeyObject
  readonly publicJwk?: Jwk
  readonly mayVerify: boolean
  readonly maySign: boolean
}

const maxSecretBytes = 4096

/** @throws TypeError with the member that is wrong and what was expected; never with the key itself. */
export function readJwk(jwk: Jwk): KeyMaterial {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw wrong('must be an object (RFC 7517)')
  if (!isAlgorithm(jwk.alg)) throw wrong(`needs "alg", one of ${Object.keys(algorithms).join(', ')}`)
  const expected = algorithms[jwk.alg]
  if (jwk.kty !== expected.kty) throw wrong(`with alg ${jwk.alg} must have kty "${expected.kty}"`)
  if (jwk.use !== undefined && jwk.use !== 'sig') throw wrong('must have use "sig", or none')
  if (jwk.kid !== undefined && !isKid(jwk.kid))
    throw wrong('must have a kid of 1 to 256 printable ASCII characters, or none')
  const operations = readOperations(jwk.key_ops)
  return expected.kty === 'oct'
    ? readSecret(jwk, jwk.alg, expected, operations)
    : readKeyPair(jwk, jwk.alg, expected, operations)
}

interface Operations {
  readonly verify: boolean
  readonly sign: boolean
}

function readOperations(operations: unknown): Operations {
  if (operations === undefined) return { verify: true, sign: true }
  if (!Array.isArray(operations) || !operations.every((operation) => typeof operation === 'string')) {
    throw wrong('must have key_ops as a list of texts, or none')
  }
  if (new Set(operations).size !== operations.length) throw wrong('must not repeat an entry of key_ops')
  const allowed = { verify: operations.includes('verify'), sign: operations.includes('sign') }
  if (!allowed.verify && !allowed.sign) throw wrong('must have "verify" or "sign" among its key_ops')
  return allowed
}

function readSecret(jwk: Jwk, alg: Algorithm, expected: HmacAlgorithm, operations: Operations): KeyMaterial {
  const secret = bytesOf(jwk, 'k')
  if (secret.length < expected.hashBytes) {
    throw wrong(`with alg ${alg} must be at least ${expected.hashBytes} bytes long (RFC 7518 section 3.2)`)
  }
  if (secret.length > maxSecretBytes) throw wrong(`must be at most ${maxSecretBytes} bytes long`)
  if (isPublishedKey(secret)) throw wrong('is the text of a public key, which is no secret')
  // A key without a name gets one that only its holders can work out.
  const kid = jwk.kid ?? createHmacText(expected, secret)('latchkey kid').slice(0, 22)
  return { alg, kid, secret, mayVerify: operations.verify, maySign: operations.sign }
}

function readKeyPair(jwk: Jwk, alg: Algorithm, expected: KeyPairAlgorithm, operations: Operations): KeyMaterial {
  if (jwk.crv !== expected.crv) throw wrong(`with alg ${alg} must have crv "${expected.crv}"`)
  const { kty, crv } = expected
  const coordinates = kty === 'EC' ? { x: coordinate(jwk, 'x'), y: coordinate(jwk, 'y') } : { x: coordinate(jwk, 'x') }
  if (crv === 'Ed25519' && isOfSmallOrder(bytesOf(jwk, 'x'))) throw wrong('must not be a point of small order')
  const publicKey = attempt(() => createPublicKey({ key: { kty, crv, ...coordinates }, format: 'jwk' }))
  // The member order of RFC 7638 section 3.2: the thumbprint is the hash of exactly this text.
  const thumbprint = hash('sha256', JSON.stringify({ crv, kty, ...coordinates }), 'base64url')
  const kid = jwk.kid ?? thumbprint
  const publicJwk = Object.freeze({ kty, crv, ...coordinates, alg, use: 'sig', kid })
  if (jwk.d === undefined) {
    if (!operations.verify) throw wrong('with key_ops "sign" alone needs its private part "d"')
    return { alg, kid, publicKey, publicJwk, mayVerify: true, maySign: false }
  }
  const d = coordinate(jwk, 'd')
  const privateKey = attempt(() => createPrivateKey({ key: { kty, crv, ...coordinates, d }, format: 'jwk' }))
  if (!areOnePair(privateKey, publicKey, expected.hash)) {
    throw wrong('has a private part that does not belong to its public part')
  }
  return { alg, kid, publicKey, privateKey, publicJwk, mayVerify: operations.verify, maySign: operations.sign }
}

function bytesOf(jwk: Jwk, member: 'k' | 'x' | 'y' | 'd'): Uint8Array {
  const text = jwk[member]
  const bytes = typeof text === 'string' ? decodeBase64url(text) : undefined
  if (bytes === undefined) throw wrong(`needs "${member}" in base64url without padding`)
  return bytes
}

/** Both curves have coordinates and private parts of 32 bytes. */
function coordinate(jwk: Jwk, member: 'x' | 'y' | 'd'): string {
  if (bytesOf(jwk, member).length !== 32) throw wrong(`must have "${member}" of 32 bytes`)
  return jwk[member] as string
}

function attempt(make: () => KeyObject): KeyObject {
  try {
    return make()
  } catch {
    // The cause is left out: OpenSSL's text says nothing more, and may one day say too much.
    throw wrong('is no point of its curve')
  }
}

/**
 * The y coordinates of the points of Ed25519 whose order divides 8, in both spellings where there are two (RFC 8032 section
 * 5.1.3). With such a key one signature is good for many texts, and anybody can make it.
 */
const smallOrder: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

function isOfSmallOrder(x: Uint8Array): boolean {
  const y = Buffer.from(x)
  // The highest bit is the sign of the other coordinate.
  y[31] = (y[31] as number) & 0x7f
  return smallOrder.has(y.toString('hex'))
}

/** Found by a trial, since OpenSSL takes both parts of an EC key as they are given. */
function areOnePair(privateKey: KeyObject, publicKey: KeyObject, hashName: string | null): boolean {
  const probe = Buffer.from('latchkey')
  try {
    return verify(hashName, probe, publicKey, sign(hashName, probe, privateKey))
  } catch {
    return false
  }
}

/** Whoever can read a public key could sign with it, were it taken for a secret (CVE-2022-23541 and its kind). */
function isPublishedKey(secret: Uint8Array): boolean {
  const bytes = Buffer.from(secret)
  const text = bytes.toString('latin1')
  // A PEM or JWK counts wherever it begins: a space, a BOM or any other byte in front made others take it for a secret.
  if (text.includes('-----BEGIN') || text.includes('"kty"')) return true
  return [bytes, Buffer.from(text, 'base64'), Buffer.from(text, 'hex')].some(isDerPublicKey)
}

/** Or a certificate, which holds one. */
function isDerPublicKey(der: Buffer): boolean {
  return [
    () => createPublicKey({ key: der, format: 'der', type: 'spki' }),
    () => createPublicKey({ key: der, format: 'der', type: 'pkcs1' }),
    () => new X509Certificate(der),
  ].some((read) => {
    try {
      read()
      return true
    } catch {
      return false
    }
  })
}

function isKid(kid: unknown): kid is string {
  return typeof kid === 'string' && /^[\x21-\x7e]{1,256}$/.test(kid)
}

/** The private JWK of a key pair or secret. */
export function exportPrivateJwk(material: KeyMaterial): Jwk | undefined {
  if (material.secret) {
    return { kty: 'oct', k: encodeBase64url(material.secret), alg: material.alg, use: 'sig', kid: material.kid }
  }
  if (!material.privateKey || !material.publicJwk) return undefined
  return { ...material.publicJwk, d: material.privateKey.export({ format: 'jwk' }).d as string }
}

function wrong(expectation: string): TypeError {
  return new TypeError(`A key ${expectation}`)
}
