/** Rows 1 to 5 of the threat list: algorithms, keys and headers that made others accept forged tokens. */
import { verifyCompact } from 'latchkey/jws'
import { createVerifier, importKey, type Jwk } from 'latchkey/token'
import { describe, expect, it } from 'vitest'
import { all, audience, encode, headerOf, hmacSigner, issuer, keys, rawSigner, refusalOf } from './fixtures.js'
import { additions } from './fuzz/signed-mutants.js'
import { publishedTexts } from './fuzz/targets.js'
import { noneSpellings } from './fuzz/text-mutants.js'
import { expectForged, pairs, payload, secrets, verifierOf } from './threats.js'

describe('row 1: unsigned tokens', () => {
  it.each(all)('refuses every spelling of none, with the empty, the kept and a random signature, for %s', (alg) => {
    const [, , kept] = rawSigner(keys[alg])(JSON.stringify(headerOf(keys[alg])), payload).split('.')
    for (const spelling of noneSpellings) {
      for (const header of [
        { ...headerOf(keys[alg]), alg: spelling },
        { alg: spelling },
        { alg: spelling, typ: 'JWT' },
      ]) {
        for (const signature of ['', kept, encode('random bytes, 32 of them, no more')]) {
          expectForged(`${encode(JSON.stringify(header))}.${encode(payload)}.${signature}`, [keys[alg]])
        }
      }
    }
  })

  it('makes no verifier without keys, or of a key without an algorithm', () => {
    const { alg: _, ...nameless } = keys.EdDSA.toPublicJwk()
    for (const list of [[], { keys: [] }, undefined, null, nameless, [nameless], { ...nameless, alg: 'none' }]) {
      expect(() => createVerifier({ keys: list as never, issuer, audience })).toThrow(TypeError)
      expect(() => verifyCompact('a.b.c', list as never)).toThrow(TypeError)
    }
  })
})

describe('row 2: a public key taken as a secret', () => {
  it.each(pairs.map((key) => [key.alg, key] as const))(
    'refuses tokens signed with any text of the public key of %s',
    (_, key) => {
      for (const secret of publishedTexts(key)) {
        for (const alg of ['HS256', 'HS384', 'HS512']) {
          const input = `${encode(JSON.stringify({ ...headerOf(key), alg }))}.${encode(payload)}`
          expectForged(`${input}.${hmacSigner(alg, secret)(input)}`)
        }
      }
    },
  )

  it('never keeps secrets and key pairs in one list', () => {
    expect(() => createVerifier({ keys: [keys.EdDSA.toPublicJwk(), keys.HS256], issuer, audience })).toThrow(TypeError)
  })
})

describe('row 3: the algorithm taken from the token', () => {
  it.each(all)('refuses a key of %s without alg, and tokens that name another', (alg) => {
    const { alg: _, ...nameless } = keys[alg].toPrivateJwk()
    expect(() => importKey(nameless)).toThrow(/alg/)
    const sign = rawSigner(keys[alg])
    for (const other of [...all, 'RS256', 'HS256\0'].filter((one) => one !== alg)) {
      expectForged(sign(JSON.stringify({ ...headerOf(keys[alg]), alg: other }), payload), [keys[alg]])
    }
    expectForged(sign(JSON.stringify({ kid: keys[alg].kid, typ: 'at+jwt' }), payload), [keys[alg]])
  })
})

describe('the name of a key', () => {
  it('may be missing only where there is one key', () => {
    for (const key of secrets) {
      const token = rawSigner(key)(JSON.stringify({ alg: key.alg, typ: 'at+jwt' }), payload)
      expect(Buffer.from(verifyCompact(token, key).payload).toString()).toBe(payload)
      expect(refusalOf(() => verifyCompact(token, secrets))).toBe('token_invalid')
      expect(refusalOf(() => verifierOf([key]).verify(token))).toBe('token_invalid')
    }
  })
})

describe('the members of the header', () => {
  it.each(all)('alg, kid and typ are texts, whatever else is signed rightly by %s', (alg) => {
    const sign = rawSigner(keys[alg])
    const header = headerOf(keys[alg])
    for (const member of ['alg', 'kid', 'typ'] as const) {
      for (const value of [
        null,
        true,
        0,
        7,
        {},
        [],
        [header[member]],
        { 0: header[member] },
        '',
        `${header[member]} `,
      ]) {
        const token = sign(JSON.stringify({ ...header, [member]: value }), payload)
        expect(refusalOf(() => verifierOf([keys[alg]]).verify(token))).toBe('token_invalid')
        if (member === 'alg') expectForged(token, [keys[alg]])
      }
    }
  })
})

describe('row 17: a signature of nothing', () => {
  it('is refused, whatever r and s are at the ends of their range', () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
    const ends = [0n, 1n, order - 1n, order, order + 1n, prime, 2n ** 256n - 1n]
    const input = `${encode(JSON.stringify(headerOf(keys.ES256)))}.${encode(payload)}`
    for (const r of ends) {
      for (const s of ends) {
        const hex = [r, s].map((number) => number.toString(16).padStart(64, '0')).join('')
        expectForged(`${input}.${encode(Buffer.from(hex, 'hex'))}`, [keys.ES256])
      }
    }
    for (const length of [0, 1, 63, 64, 65, 128]) {
      for (const key of pairs) {
        const own = `${encode(JSON.stringify(headerOf(key)))}.${encode(payload)}`
        expectForged(`${own}.${encode(Buffer.alloc(length))}`, [key])
      }
    }
  })
})

describe('row 4: empty and short secrets', () => {
  it('refuses tokens of an unknown kid signed with an empty or one-byte secret', () => {
    for (const kid of ['unknown', '', keys.HS256.kid, undefined]) {
      for (const secret of ['', '\0', 'a', '0', 'null', 'undefined', '[object Object]']) {
        const input = `${encode(JSON.stringify({ alg: 'HS256', kid, typ: 'at+jwt' }))}.${encode(payload)}`
        expectForged(`${input}.${hmacSigner('HS256', secret)(input)}`, secrets)
      }
    }
  })

  it('makes no key of null, nothing, or a byte too few', () => {
    for (const [alg, bytes] of [
      ['HS256', 31],
      ['HS384', 47],
      ['HS512', 63],
    ] as const) {
      for (const k of [
        undefined,
        null,
        '',
        0,
        [],
        {},
        Buffer.alloc(64),
        encode(Buffer.alloc(bytes)),
        'A'.repeat(86).concat('='),
      ]) {
        expect(() => importKey({ kty: 'oct', alg, k } as Jwk)).toThrow(TypeError)
      }
    }
  })
})

describe('row 5: critical extensions and other headers', () => {
  it.each(all)(
    'refuses crit in every form, b64, and any member it does not know, under a right signature of %s',
    (alg) => {
      const sign = rawSigner(keys[alg])
      for (const addition of additions) {
        const token = sign(JSON.stringify({ ...headerOf(keys[alg]), ...addition }), payload)
        expect(
          refusalOf(() => verifierOf([keys[alg]]).verify(token)),
          JSON.stringify(addition),
        ).toBe('token_invalid')
        if ('crit' in addition || 'b64' in addition) expectForged(token, [keys[alg]])
      }
    },
  )
})
