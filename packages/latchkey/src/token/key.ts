/** A key to sign or verify with: of one algorithm, with one name, its secret part out of sight. */
import { randomBytes, sign, verify } from 'node:crypto'
import { encodeBase64url, equalConstantTime } from '../encoding/index.js'
import { type Algorithm, algorithms, isAlgorithm } from './algorithms.js'
import { toDerSignature } from './ecdsa-signature.js'
import { generatePrivateKey } from './generate-private-key.js'
import { createHmacText, type HmacText } from './hmac.js'
import type { Jwk } from './jwk.js'
import { exportPrivateJwk, type KeyMaterial, readJwk } from './read-jwk.js'
import { maxInputLength, TextScratch } from './text-scratch.js'

/**
 * Made by `importKey` or `generateKey`, and only there. It holds one algorithm: a token whose header names another is refused,
 * whatever its signature. Printing or serialising it shows `alg` and `kid`, never the secret part.
 */
export class Key {
  readonly alg: Algorithm
  readonly kid: string
  readonly #material: KeyMaterial
  readonly #hmac: HmacText | undefined

  /** @internal */
  constructor(material: KeyMaterial) {
    this.alg = material.alg
    this.kid = material.kid
    this.#material = material
    const algorithm = algorithms[material.alg]
    this.#hmac = algorithm.kty === 'oct' && material.secret ? createHmacText(algorithm, material.secret) : undefined
    Object.freeze(this)
  }

  /** Whether both ends share this key (HS256, HS384, HS512); false for a key pair. */
  get symmetric(): boolean {
    return this.#hmac !== undefined
  }

  get canSign(): boolean {
    return this.#material.maySign && (this.symmetric || this.#material.privateKey !== undefined)
  }

  get canVerify(): boolean {
    return this.#material.mayVerify
  }

  /**
   * The part that may be published, as a JWK (RFC 7517).
   * @throws TypeError for a shared secret, which has none.
   */
  toPublicJwk(): Jwk {
    if (!this.#material.publicJwk) throw new TypeError(`An ${this.alg} key is a shared secret and has no public part`)
    return this.#material.publicJwk
  }

  /**
   * The whole key as a JWK. Whoever reads it can sign tokens: keep it sealed.
   * @throws TypeError for a key that has only its public part.
   */
  toPrivateJwk(): Jwk {
    const jwk = exportPrivateJwk(this.#material)
    if (!jwk) throw new TypeError('This key has only its public part')
    return jwk
  }

  /** @internal Signs an ASCII text; the signature as base64url (RFC 7515 section 5.1). */
  static sign(key: Key, text: string): string {
    if (!key.canSign) throw new TypeError(`The key ${key.kid} cannot sign: it is public, or its key_ops say so`)
    if (key.#hmac) return key.#hmac(text)
    const { privateKey } = key.#material
    if (!privateKey) throw new TypeError('This key has only its public part')
    const signing = key.alg === 'ES256' ? ({ key: privateKey, dsaEncoding: 'ieee-p1363' } as const) : privateKey
    return sign(hashOf(key.alg), Buffer.from(text, 'latin1'), signing).toString('base64url')
  }

  /**
   * @internal Tells whether a compact JWS, in ASCII and its signature in canonical base64url, ends with this key's signature of
   * its first `signedLength` characters (RFC 7515 section 5.2).
   */
  static verify(key: Key, token: string, signedLength: number): boolean {
    if (!key.#material.mayVerify || signedLength > maxInputLength) return false
    const start = signedLength + 1
    if (token.length - start !== algorithms[key.alg].signatureLength) return false
    if (key.#hmac) return equalConstantTime(key.#hmac(token, signedLength), token, start)
    const { publicKey } = key.#material
    if (!publicKey) return false
    signature.write(token.slice(start), 'base64url')
    const written = key.alg === 'ES256' ? toDerSignature(signature) : signature
    return verify(hashOf(key.alg), input.write(token, signedLength), publicKey, written)
  }
}

const input = new TextScratch()
/** As long as every signature by a key pair of ours. */
const signature = Buffer.alloc(64)

function hashOf(alg: Algorithm): string | null {
  return algorithms[alg].hash
}

/**
 * Reads a JWK: EdDSA (Ed25519), ES256, HS256, HS384 or HS512. `alg` is required; `use` and `key_ops` are obeyed; without `kid`
 * a key pair is named by its thumbprint (RFC 7638). Does not read PEM, and takes nothing from a token. Refuses the text of a
 * public key as a secret (PEM, DER, a certificate, a JWK), but cannot know a bare coordinate, or a secret that somebody published.
 * @throws TypeError naming the member that is wrong.
 */
export function importKey(jwk: Jwk): Key {
  return new Key(readJwk(jwk))
}

/**
 * Makes a new key. A secret is 64 random bytes and gets a random name.
 * @throws TypeError for an algorithm that is not ours.
 */
export function generateKey(alg: Algorithm): Key {
  if (!isAlgorithm(alg)) throw new TypeError(`An algorithm is one of ${Object.keys(algorithms).join(', ')}`)
  const algorithm = algorithms[alg]
  if (algorithm.kty === 'oct') {
    return importKey({ kty: 'oct', k: encodeBase64url(randomBytes(64)), alg, kid: encodeBase64url(randomBytes(16)) })
  }
  const privateKey = generatePrivateKey(algorithm.crv === 'P-256' ? 'ES256' : 'EdDSA')
  return importKey({ ...(privateKey.export({ format: 'jwk' }) as Jwk), alg })
}
