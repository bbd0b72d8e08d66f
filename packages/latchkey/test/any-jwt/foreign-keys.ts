/** Keys as other issuers have them, and a way to sign with them that shares nothing with the code under test. */
import { constants, createPrivateKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { generatePrivateKey } from '../../src/token/generate-private-key.js'
import { encode } from '../fixtures.js'

export const foreignAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
export type ForeignAlgorithm = (typeof foreignAlgorithms)[number]

export interface ForeignKeyPair {
  readonly alg: ForeignAlgorithm
  readonly kid: string
  readonly privateJwk: JsonWebKey
  /** As it stands in a key set. */
  readonly publicJwk: JsonWebKey & { readonly kid: string }
  /** Signs any header and payload: objects, or texts as they are. */
  sign(header: object | string, payload: object | string): string
  /** The signature over any text. */
  signature(input: string): string
}

export function makeKeyPair(alg: ForeignAlgorithm, kid = `${alg}-1`, modulusLength = 2048): ForeignKeyPair {
  return keyPairOf(alg, kid, generatePrivateKey(alg === 'ES256' || alg === 'EdDSA' ? alg : { modulusLength }))
}

export function keyPairOf(alg: ForeignAlgorithm, kid: string, privateKey: KeyObject): ForeignKeyPair {
  const privateJwk = { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid }
  const { d: _, p, q, dp, dq, qi, ...publicJwk } = privateJwk
  const signature = (input: string) => signatureOf(alg, privateKey, input)
  return {
    ...{ alg, kid, privateJwk, publicJwk, signature },
    sign(header, payload) {
      const input = [header, payload]
        .map((part) => encode(typeof part === 'string' ? part : JSON.stringify(part)))
        .join('.')
      return `${input}.${signature(input)}`
    },
  }
}

export function signatureOf(alg: ForeignAlgorithm, key: KeyObject, input: string): string {
  const padding = alg === 'PS256' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  const options = {
    RS256: { key, padding },
    PS256: { key, padding, saltLength: 32 },
    ES256: { key, dsaEncoding: 'ieee-p1363' as const },
    EdDSA: { key },
  }[alg]
  return sign(alg === 'EdDSA' ? null : 'sha256', Buffer.from(input), options).toString('base64url')
}

/** The same RSA key under another algorithm. */
export function asAlgorithm(pair: ForeignKeyPair, alg: ForeignAlgorithm): ForeignKeyPair {
  return keyPairOf(alg, pair.kid, createPrivateKey({ key: pair.privateJwk, format: 'jwk' }))
}
