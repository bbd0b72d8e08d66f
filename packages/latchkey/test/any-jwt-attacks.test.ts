/** Forged tokens at a guard for another issuer: rows 1 to 9 and 14 of the threat list. */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { createAuth } from 'latchkey'
import { verifyCompact } from 'latchkey/jws'
import { createVerifier, importKey, type Jwk } from 'latchkey/token'
import { describe, expect, it } from 'vitest'
import { asAlgorithm, foreignAlgorithms, makeKeyPair } from './any-jwt/foreign-keys.js'
import { byAlgorithm, es, headerOf, pairs, ps, rs, useTarget } from './any-jwt/target.js'
import { certificateOf } from './certificate.js'
import { audience, encode, hmacSigner } from './fixtures.js'
import { noneSpellings } from './fuzz/text-mutants.js'
import { otherTexts } from './other-texts.js'

const target = useTarget()
const { claimsOf, tokenOf, expectRefused, expectUser } = target

describe('a good token', () => {
  it.each(byAlgorithm)(
    'signed by %s with its line around it is refused, also after that line was let through',
    (_, pair) => {
      const token = tokenOf(pair)
      expectUser(token)
      // Two spaces, so that what follows is read as the token.
      expectRefused(` Bearer ${token}`)
    },
  )
})

describe('a forged token', () => {
  it.each(byAlgorithm)('signed with nothing is refused, beside %s', (_, pair) => {
    const [, payload, signature] = tokenOf(pair).split('.') as [string, string, string]
    for (const alg of noneSpellings) {
      for (const last of ['', signature, 'AAAA'])
        expectRefused(`${encode(JSON.stringify(headerOf(pair, { alg })))}.${payload}.${last}`)
    }
  })

  it.each(byAlgorithm)('by HMAC with any text of the public key of %s is refused', (_, pair) => {
    const key = createPublicKey({ key: pair.publicJwk, format: 'jwk' })
    const types = ['spki', ...(key.asymmetricKeyType === 'rsa' ? ['pkcs1' as const] : [])] as const
    const pems = types.map((type) => key.export({ format: 'pem', type: type as 'spki' }).toString())
    const ders = types.map((type) => key.export({ format: 'der', type: type as 'spki' }))
    const parts = ['n', 'x', 'y'].map((name) => pair.publicJwk[name as 'n']).filter((part) => part !== undefined)
    const secrets = [
      ...['', '\0', 'secret', 'x'.repeat(64), pair.kid],
      ...pems.flatMap((pem) =>
        ['', ' ', '\n', '\ufeff', '\0'].flatMap((before) => [before + pem, before + pem.trim()]),
      ),
      ...pems.flatMap((pem) => [
        pem.replaceAll('\n', ''),
        pem.replaceAll('\n', '\r\n'),
        pem.replace(/-----[^-]+-----/g, ''),
      ]),
      ...ders.flatMap((der) => [der, der.toString('base64'), der.toString('hex')]),
      ...[pair.publicJwk, { keys: [pair.publicJwk] }].flatMap((json) => [
        JSON.stringify(json),
        JSON.stringify(json, null, 2),
      ]),
      ...parts.flatMap((part) => [part, Buffer.from(part, 'base64url')]),
    ]
    for (const secret of secrets) {
      for (const alg of ['HS256', 'HS384', 'HS512']) {
        for (const kid of [pair.kid, 'oct', undefined]) {
          const input = `${encode(JSON.stringify({ alg, kid, typ: 'at+jwt' }))}.${encode(JSON.stringify(claimsOf()))}`
          expectRefused(`${input}.${hmacSigner(alg, secret)(input)}`)
        }
      }
    }
  })

  it('by the key of one algorithm under the name of another is refused', () => {
    for (const pair of pairs) {
      for (const alg of [
        ...foreignAlgorithms,
        'RS384',
        'RS512',
        'PS512',
        'ES384',
        'Ed25519',
        'rs256',
        'RS256 ',
        '',
        0,
        null,
        ['RS256'],
      ]) {
        if (alg !== pair.alg) expectRefused(tokenOf(pair, {}, { alg }))
      }
    }
    // Signed rightly by the other scheme of the same key, and so named, or not.
    for (const pair of [asAlgorithm(rs, 'PS256'), asAlgorithm(ps, 'RS256')]) {
      const own = pair.kid === rs.kid ? 'RS256' : 'PS256'
      expectRefused(tokenOf(pair))
      expectRefused(tokenOf(pair, {}, { alg: own }))
      expectRefused(tokenOf(pair, {}, { kid: undefined }))
    }
    expectUser(tokenOf(rs, {}, { kid: undefined }))
  })

  it('by a key that it brings or points to is refused, and nothing is asked for', async () => {
    const { length } = target.issuer.paths
    for (const pair of pairs) {
      const own = makeKeyPair(pair.alg, pair.kid)
      const brought = {
        jwk: own.publicJwk,
        jku: `${target.issuer.url}/attacker`,
        x5u: `${target.issuer.url}/attacker`,
        x5c: [certificateOf(createPrivateKey({ key: own.privateJwk, format: 'jwk' }))],
      }
      for (const [name, value] of Object.entries(brought)) {
        for (const kid of [pair.kid, undefined]) expectRefused(tokenOf(own, {}, { [name]: value, kid }))
        // Beside a right signature they are not looked at.
        expectUser(tokenOf(pair, {}, { [name]: value }))
      }
    }
    for (const kid of [
      '../../dev/null',
      "' UNION SELECT 1",
      'http://127.0.0.1/',
      '__proto__',
      'constructor',
      '\0',
      'x'.repeat(4000),
    ]) {
      expectRefused(tokenOf(makeKeyPair('ES256'), {}, { kid }))
    }
    for (const kid of [7, null, {}, [es.kid], '']) expectRefused(tokenOf(es, {}, { kid }))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(target.issuer.paths).toHaveLength(length)
  })

  it('with a critical extension is refused, whatever it is', () => {
    for (const pair of pairs) {
      for (const header of [
        { crit: ['exp'], exp: 1 },
        { crit: [] },
        { crit: 'b64' },
        { crit: null },
        { crit: ['b64'], b64: true },
        { b64: true },
        { b64: false },
      ]) {
        expectRefused(tokenOf(pair, {}, header), JSON.stringify(header))
      }
    }
  })

  it.each(byAlgorithm)('with one bit changed anywhere, or in another text, is refused for %s', (_, pair) => {
    const token = tokenOf(pair)
    expectUser(token)
    for (const [name, text] of otherTexts(token)) if (!/^ |,/.test(text)) expectRefused(text, name)
    const [header, payload, signature] = token.split('.').map((part) => Buffer.from(part, 'base64url')) as [
      Buffer,
      Buffer,
      Buffer,
    ]
    for (let bit = 0; bit < signature.length * 8; bit += 5) {
      const changed = Buffer.from(signature)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expectRefused([header, payload, changed].map((part) => part.toString('base64url')).join('.'))
    }
    const padded = [
      Buffer.concat([Buffer.from([0]), signature]),
      Buffer.concat([signature, Buffer.from([0])]),
      signature.subarray(1),
    ]
    for (const changed of padded)
      expectRefused([header, payload, changed].map((part) => part.toString('base64url')).join('.'))
  })
})

describe('the rest of the package', () => {
  it('goes on refusing RSA, by keys that are public, private or unnamed', () => {
    for (const pair of [rs, ps]) {
      for (const jwk of [
        pair.publicJwk,
        pair.privateJwk,
        { ...pair.publicJwk, alg: undefined },
        { ...pair.publicJwk, alg: 'EdDSA' },
      ]) {
        expect(() => importKey(jwk as Jwk)).toThrow(TypeError)
        expect(() => createVerifier({ keys: jwk as Jwk, issuer: target.issuer.url, audience })).toThrow(TypeError)
        expect(() => verifyCompact(tokenOf(pair), jwk as Jwk)).toThrow(TypeError)
        expect(() => createAuth({ keys: jwk as Jwk, issuer: target.issuer.url })).toThrow(TypeError)
      }
    }
  })
})
