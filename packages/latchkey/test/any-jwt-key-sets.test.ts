/** Which keys of another issuer are of use, and which of them a token means. */
import { describe, expect, it } from 'vitest'
import { generatePrivateKey } from '../src/token/generate-private-key.js'
import { asAlgorithm, keyPairOf, makeKeyPair } from './any-jwt/foreign-keys.js'
import { json, keysPath, until } from './any-jwt/own-issuer.js'
import { verdictOf } from './any-jwt/service.js'
import { first, second, useIssuer } from './any-jwt/use-issuer.js'
import { encode } from './fixtures.js'

const own = useIssuer()
const { trust, tokenOf } = own
const untouched = { maxAgeMs: 600_000, minGapMs: 600_000 }

describe('a key', () => {
  it('is known by the rule of its kind where it has no alg', async () => {
    const rsa = makeKeyPair('RS256', 'rsa')
    const ed = makeKeyPair('EdDSA', 'ed')
    own.issuer.keys = [rsa, first, ed].map(({ publicJwk }) => ({ ...publicJwk, alg: undefined, use: undefined }))
    const auth = trust(untouched)
    await auth.ready()
    for (const pair of [rsa, first, ed]) expect(verdictOf(auth, tokenOf(pair))).toBe('user')
    const asPss = asAlgorithm(rsa, 'PS256')
    expect(verdictOf(auth, tokenOf(asPss))).toMatch(/^401 token_invalid/)
  })

  it('may stand unnamed in a token only where it is the one of its algorithm', async () => {
    const [rsa, ed] = [makeKeyPair('RS256', 'rsa'), makeKeyPair('EdDSA', 'ed')]
    own.issuer.keys = [first.publicJwk, second.publicJwk, { ...rsa.publicJwk, kid: undefined }, ed.publicJwk]
    const auth = trust(untouched)
    await auth.ready()
    const nameless = { kid: undefined }
    for (const pair of [rsa, ed]) expect(verdictOf(auth, tokenOf(pair, nameless))).toBe('user')
    for (const pair of [first, second]) expect(verdictOf(auth, tokenOf(pair, nameless))).toMatch(/^401/)
    expect(verdictOf(auth, tokenOf(rsa))).toMatch(/^401/)
  })

  it('is neither of two that share a name and an algorithm', async () => {
    own.issuer.keys = [first.publicJwk, { ...second.publicJwk, kid: 'first' }]
    const auth = trust(untouched)
    await auth.ready()
    for (const pair of [first, second]) expect(verdictOf(auth, tokenOf(pair, { kid: 'first' }))).toMatch(/^401/)
  })
})

describe('a set', () => {
  const weak = (modulusLength: number, publicExponent = 65_537) =>
    keyPairOf('RS256', 'weak', generatePrivateKey({ modulusLength, publicExponent }))

  it('may hold what is of no use, which is passed over', async () => {
    const rsa = makeKeyPair('RS256', 'rsa').publicJwk
    const ed = makeKeyPair('EdDSA', 'ed')
    const n = Buffer.from(rsa.n as string, 'base64url')
    const even = Buffer.concat([n.subarray(0, -1), Buffer.from([(n.at(-1) as number) & 0xfe])])
    const of = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
    const useless = {
      secret: { kty: 'oct', alg: 'HS256', k: encode('a secret of thirty-two bytes, ha') },
      'secret without alg': { kty: 'oct', k: encode('a secret of thirty-two bytes, ha') },
      'for encryption': { ...rsa, use: 'enc' },
      'another use': { ...rsa, use: null },
      'for wrapping': { ...rsa, key_ops: ['wrapKey'] },
      'operations as a text': { ...rsa, key_ops: 'verify' },
      'another algorithm': { ...rsa, alg: 'RS512' },
      'an algorithm of encryption': { ...rsa, alg: 'RSA-OAEP' },
      'alg null': { ...rsa, alg: null },
      'the algorithm of another kind': { ...rsa, alg: 'ES256' },
      'a secret by name': { ...rsa, alg: 'HS256' },
      'another curve': { kty: 'EC', crv: 'P-384', x: rsa.n, y: rsa.n },
      'another kind': { kty: 'AKP', alg: 'ML-DSA-44', pub: rsa.n },
      'off its curve': { ...first.publicJwk, y: first.publicJwk.x },
      'of small order': { ...ed.publicJwk, x: of(Buffer.alloc(32)) },
      private: makeKeyPair('ES256', 'private').privateJwk,
      'a name that is no text': { ...rsa, kid: 7 },
      'an empty name': { ...rsa, kid: '' },
      '2047 bits': weak(2047).publicJwk,
      '1024 bits': weak(1024).publicJwk,
      '8200 bits': { ...rsa, n: of(Buffer.concat([Buffer.from([0xff]), Buffer.alloc(1024, 0xff)])) },
      'an even modulus': { ...rsa, n: of(even) },
      'a modulus with a zero before it': { ...rsa, n: of(Buffer.concat([Buffer.from([0]), n])) },
      'a modulus with padding': { ...rsa, n: `${rsa.n}==` },
      'no modulus': { ...rsa, n: undefined },
      'the exponent 3': weak(2048, 3).publicJwk,
      'the exponent 1': { ...rsa, e: 'AQ' },
      'the exponent 65535': { ...rsa, e: of(Buffer.from([0xff, 0xff])) },
      'an even exponent': { ...rsa, e: of(Buffer.from([1, 0, 2])) },
      'an exponent of 72 bits': { ...rsa, e: of(Buffer.alloc(9, 1)) },
      'an exponent with a zero before it': { ...rsa, e: of(Buffer.from([0, 1, 0, 1])) },
      'no object': 'rsa',
      nothing: null,
    }
    for (const [name, entry] of Object.entries(useless)) {
      own.issuer.keys = [entry]
      const auth = trust(untouched)
      await Promise.race([auth.ready(), until(() => auth.status().problem !== undefined)])
      expect([name, auth.status().problem]).toEqual([
        name,
        `The keys of ${own.issuer.url} could not be read: ${own.issuer.url}/keys must answer a key for RS256, PS256, ES256 or EdDSA`,
      ])
    }
    own.issuer.keys = [...Object.values(useless), first.publicJwk]
    const auth = trust(untouched)
    await auth.ready()
    expect(verdictOf(auth, tokenOf(first))).toBe('user')
  })

  it('may hold RSA keys of 2048, 3072 and 4096 bits', async () => {
    const pairs = [2048, 3072, 4096].map((bits) => makeKeyPair('PS256', `of-${bits}`, bits))
    own.issuer.keys = pairs.map(({ publicJwk }) => publicJwk)
    const auth = trust(untouched)
    await auth.ready()
    for (const pair of pairs) expect(verdictOf(auth, tokenOf(pair))).toBe('user')
  })

  it('that is empty is a problem, and the last keys stay', async () => {
    const auth = trust({ maxAgeMs: 50, minGapMs: 50 })
    await auth.ready()
    for (const [answer, reason] of [
      [{ keys: [] }, 'must answer a key for RS256'],
      [{ keys: {} }, 'must answer a JWK set'],
      [{}, 'must answer a JWK set'],
      [[first.publicJwk], 'must answer a JWK set'],
    ] as const) {
      own.issuer.answers.set(keysPath, json(answer))
      await until(() => auth.status().problem !== undefined)
      expect(auth.status().problem).toContain(reason)
      expect(verdictOf(auth, tokenOf(first))).toBe('user')
      own.issuer.answers.set(keysPath, json({ keys: [first.publicJwk] }))
      await until(() => auth.status().problem === undefined)
    }
  })
})
