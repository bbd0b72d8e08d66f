/** What an adversary found in the core, each held shut by a test. */
import { createPublicKey } from 'node:crypto'
import { inspect } from 'node:util'
import { createAuth, errorTable, LatchkeyError } from 'latchkey'
import { problem, readAuthorization } from 'latchkey/http'
import { signCompact, verifyCompact } from 'latchkey/jws'
import {
  createRevocationList,
  createSigner,
  createVerifier,
  generateKey,
  importKey,
  type SignerOptions,
  type TokenSubject,
} from 'latchkey/token'
import { describe, expect, it } from 'vitest'
import { generatePrivateKey } from '../src/token/generate-private-key.js'
import { remember } from '../src/token/remember.js'
import { beginRead, createRevocationCopy } from '../src/token/revocation-copy.js'
import { certificateOf } from './certificate.js'
import { claims, clock, encode, headerOf, issuer, keys, rawSigner, refusalOf, sid, textSigner } from './fixtures.js'
import { publishedTexts } from './fuzz/targets.js'
import { heapGrowth } from './heap.js'

const key = keys.HS256
const rules = { keys: key, issuer, audience: issuer }
const subject: TokenSubject = { uid: '1', clientType: 100, scopes: ['order:*'], sid, gen: 0 }
const signerOptions: SignerOptions = { key, issuer, audience: issuer, ttlSeconds: 60, clock }
const token = createSigner(signerOptions).issue(subject)
const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Infinity }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
const ask = (authorization: string) => ({ method: 'GET', url: '/', authorization: [authorization], ...absent })

describe('a clock', () => {
  it.each([Number.NaN, undefined, 'soon', {}])('that is no number accepts no token: %s', (moment) => {
    const broken = () => moment as number
    expect(refusalOf(() => createVerifier({ ...rules, clock: broken }).verify(token))).toMatch(/^token_/)
    let now: unknown = clock()
    const { verify } = createVerifier({ ...rules, clock: () => now as number })
    verify(token)
    now = moment
    expect(refusalOf(() => verify(token))).toMatch(/^token_/)
    expect(createAuth({ ...rules, clock: broken }).decide(ask(`Bearer ${token}`), need).status).toBeDefined()
  })

  it("of somebody's own is not taken for the wall's when the age of revocations is asked", () => {
    const revocations = createRevocationCopy()
    revocations.readUpTo(beginRead())
    const soon = () => Date.now() + 3_600_000
    const { issue } = createSigner({ ...signerOptions, ttlSeconds: 7200, clock: Date.now })
    const auth = createAuth({ ...rules, revocations, clock: soon })
    for (let i = 0; i < 3; i++) expect(auth.decide(ask(`Bearer ${issue(subject)}`), need).status).toBeUndefined()
    const known = ask(`Bearer ${issue(subject)}`)
    for (let i = 0; i < 3; i++) expect(auth.decide(known, need).status).toBeUndefined()
  })

  it('that steps back makes no difference between a cached token and another', () => {
    let now = clock()
    const cached = createVerifier({ ...rules, clock: () => now })
    const uncached = createVerifier({ ...rules, clock: () => now, cacheEntries: 0 })
    for (const step of [0, -30, -60, -61, -3600]) {
      now = clock() + step * 1000
      const [one, other] = [cached, uncached].map(({ verify }) => refusalOf(() => verify(token)))
      expect([step, one]).toEqual([step, other])
    }
  })

  it('that is no number issues no token', () => {
    expect(() => createSigner({ ...signerOptions, clock: () => Number.NaN }).issue(subject)).toThrow(TypeError)
  })
})

describe('a cached token', () => {
  const filler = (i: number) => `${i}`.padStart(15_000, 'p')
  it.each([
    [
      'the password that came by Basic',
      (text: string, i: number) => `Basic ${Buffer.from(`${text}:${filler(i)}`).toString('base64')}`,
    ],
    [
      'the white space before it',
      (text: string) => Buffer.from(`Bearer${' '.repeat(15_000)}${text}`).toString('latin1'),
    ],
  ])('does not keep %s', (_, header) => {
    const { issue } = createSigner(signerOptions)
    const auth = createAuth({ ...rules, clock, cacheEntries: 2000 })
    const tokens = Array.from({ length: 900 }, () => issue(subject))
    const send = (authorization: string) => expect(auth.decide(ask(authorization), need).status).toBeUndefined()
    const sendAll = () => tokens.forEach((text, i) => void send(header(text, i)))
    send(header(issue(subject), 0))
    expect(heapGrowth(sendAll) / tokens.length).toBeLessThan(4096)
    // Others come until these are the old generation; asked for again, they are kept on.
    for (let i = 0; i < 300; i++) send(`Bearer ${issue(subject)}`)
    expect(heapGrowth(sendAll) / tokens.length).toBeLessThan(4096)
  })

  it('takes one place, however its line is written', () => {
    const auth = createAuth({ ...rules, clock, cacheEntries: 4 })
    const send = (authorization: string) => expect(auth.decide(ask(authorization), need).status).toBeUndefined()
    const { issue } = createSigner(signerOptions)
    const [wanted, other] = [issue(subject), issue(subject)]
    for (let i = 0; i < 3; i++) send(`Bearer ${wanted}`)
    const schemes = ['Bearer', 'bearer', 'BEARER', 'bEARER', 'BeaReR', 'bearEr', 'BEARer']
    const lines = schemes.flatMap((scheme) => [1, 2, 3, 40].map((count) => scheme + ' '.repeat(count) + other))
    for (const line of lines) for (let i = 0; i < 3; i++) send(line)
    const { misses } = auth.status().cache
    send(`Bearer ${wanted}`)
    expect(auth.status().cache.misses).toBe(misses)
  })

  it.each([
    ['Bearer', `Bearer ${token}`],
    ['Basic', `Basic ${Buffer.from(`${token}:`).toString('base64')}`],
  ])('is refused by a guard when it came by %s before, as if it were new', (_, line) => {
    let now = clock()
    const revocations = createRevocationList()
    const own = { ...rules, revocations, clock: () => now }
    const [remembering, other] = [createAuth(own), createAuth({ ...own, cacheEntries: 0 })]
    const codes = () =>
      [remembering, other].map((auth) => {
        const { status, ...answer } = auth.decide(ask(line), need)
        return status === undefined ? 'passes' : (answer as { code: string }).code
      })
    for (let i = 0; i < 4; i++) expect(codes()).toEqual(['passes', 'passes'])
    expect(remembering.status().cache.hits).toBeGreaterThan(0)
    now = clock() + 60_000
    expect(codes()).toEqual(['token_expired', 'token_expired'])
    now = clock() - 61_000
    expect(codes()).toEqual(['token_invalid', 'token_invalid'])
    now = clock()
    expect(codes()).toEqual(['passes', 'passes'])
    revocations.apply([{ kind: 's', id: sid, min: 1, expiresAt: clock() / 1000 + 3600 }])
    expect(codes()).toEqual(['token_revoked', 'token_revoked'])
  })

  it('hands out nothing that can be changed, also of claims that are not ours', () => {
    const sign = rawSigner(key)
    const payload = JSON.stringify({ ...claims, aud: issuer, act: { sub: 'ann', list: [{ a: 1 }] } })
    const { verify } = createVerifier({ ...rules, clock })
    const text = sign(JSON.stringify(headerOf(key)), payload)
    const before = JSON.stringify(verify(text).claims)
    const act = (verify(text).claims as unknown as { act?: { sub: string; list: { a: number }[] } }).act
    try {
      if (act) act.sub = 'eve'
      if (act?.list[0]) act.list[0].a = 2
    } catch {
      // Frozen, as it should be.
    }
    expect(JSON.stringify(verify(text).claims)).toBe(before)
  })
})

it('a claim that is remembered keeps nothing of the payload that it was cut from', () => {
  const remembering = remember((text) => text.split(' '))
  const cut = (i: number) => `${i} ${'x'.repeat(100_000)}`.slice(0, 50)
  const cutMany = () => {
    for (let i = 0; i < 200; i++) remembering(cut(i))
  }
  expect(heapGrowth(cutMany)).toBeLessThan(1_000_000)
  expect(remembering(cut(1))).toBe(remembering(cut(1)))
})

describe('the bytes of a payload', () => {
  it('have a buffer of their own, in which nothing else lies', () => {
    const { payload } = verifyCompact(signCompact(Buffer.from('hi'), key), key)
    expect(Buffer.from(payload).toString()).toBe('hi')
    expect(payload.buffer.byteLength).toBe(payload.byteLength)
  })
})

describe('the text of a public key', () => {
  const secretOf = (bytes: Uint8Array | string) =>
    importKey({ kty: 'oct', k: Buffer.from(bytes as string).toString('base64url'), alg: 'HS256' })
  const rsa = createPublicKey(generatePrivateKey({ modulusLength: 2048 }))
  const ed = createPublicKey(generatePrivateKey('EdDSA'))
  const der = ed.export({ format: 'der', type: 'spki' })
  const jwk = JSON.stringify(ed.export({ format: 'jwk' }))
  const certificate = certificateOf(generatePrivateKey('ES256'))
  const pem = ed.export({ format: 'pem', type: 'spki' }).toString()
  it.each([
    ['a JWK after a byte order mark', `\ufeff${jwk}`],
    ['a JWK after another character', `x${jwk}`],
    ['DER in base64', der.toString('base64')],
    ['PEM without its first and last line', pem.split('\n').slice(1, -2).join('\n')],
    ['DER in hexadecimal', der.toString('hex')],
    ['DER of PKCS #1', rsa.export({ format: 'der', type: 'pkcs1' })],
    ['a certificate', Buffer.from(certificate, 'base64')],
    ['a certificate in base64, as in x5c', certificate],
  ])('is no secret as %s', (_, text) => {
    expect(() => secretOf(text)).toThrow(/public key/)
  })

  it('is no secret in any form that an attacker would try, but for a coordinate alone, which looks like any secret', () => {
    for (const key of [keys.EdDSA, keys.ES256]) {
      const { x } = key.toPublicJwk() as { x: string }
      const taken = publishedTexts(key).filter((text) => {
        try {
          return secretOf(text) !== undefined
        } catch {
          return false
        }
      })
      expect(taken.map((text) => Buffer.from(text as string).toString('base64'))).toEqual(
        [key.kid, JSON.stringify(headerOf(key)), x, Buffer.from(x, 'base64url')]
          .map((text) => Buffer.from(text as string))
          .filter(({ length }) => length >= 32)
          .map((bytes) => bytes.toString('base64')),
      )
    }
  })
})

describe('a key that anyone can sign for', () => {
  // The points of small order: with them, a signature of zeros verifies over many texts or all.
  it.each([
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  ])('is not imported: the point %s of Ed25519', (point) => {
    const x = Buffer.from(point, 'hex').toString('base64url')
    expect(() => importKey({ kty: 'OKP', crv: 'Ed25519', x, alg: 'EdDSA' })).toThrow(TypeError)
  })
})

describe('an issuer', () => {
  it('signs no header that its own verifier refuses', () => {
    const nested = JSON.parse(`{"alg":"HS256","x":${'['.repeat(40)}${']'.repeat(40)}}`)
    for (const header of [{ alg: 'HS256', x: '\ud800' }, JSON.parse('{"alg":"HS256","x":{"__proto__":1}}'), nested]) {
      expect(() => signCompact(Buffer.from('x'), key, header)).toThrow(TypeError)
    }
  })

  it('is not made with a name, and issues no scopes, that its own verifier refuses', () => {
    expect(() => createSigner({ ...signerOptions, issuer: '\ud800' })).toThrow(TypeError)
    const scopes: string[] = ['order:read']
    scopes.length = 2
    expect(() => createSigner(signerOptions).issue({ ...subject, scopes: scopes.reverse() })).toThrow(TypeError)
  })
})

describe('Basic that a browser sends by itself', () => {
  it('is 403 without a challenge', () => {
    const { decide } = createAuth({ ...rules, clock })
    const basic = `Basic ${Buffer.from(`${token}:`).toString('base64')}`
    for (const site of [
      { fetchSite: 'cross-site' },
      { fetchSite: 'same-site' },
      { host: 'a.example', origin: 'http://b.example' },
    ]) {
      const answer = decide({ ...ask(basic), ...site }, need)
      expect(answer.status).toBe(403)
      expect(answer).not.toHaveProperty(['headers', 'www-authenticate'])
    }
  })

  it('is foreign where no Host says what is ours', () => {
    const { decide } = createAuth({ ...rules, clock })
    const basic = `Basic ${Buffer.from(`${token}:`).toString('base64')}`
    expect(decide({ ...ask(basic), origin: 'http://undefined' }, need).status).toBe(403)
  })
})

describe('a wrong signature', () => {
  it.each(['HS256', 'HS384', 'HS512'] as const)('of %s is refused without a word of the right one', (alg) => {
    const own = keys[alg]
    const options = { keys: own, issuer, audience: issuer, clock }
    const [header, payload, signature] = createSigner({ ...signerOptions, key: own })
      .issue(subject)
      .split('.') as [string, string, string]
    const claimsOf = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const changed = encode(JSON.stringify({ ...claimsOf, sub: '2' }))
    const right = textSigner(own)(`${header}.${changed}`)
    const forged = `${header}.${changed}.${signature}`
    const said: string[] = []
    try {
      createVerifier(options).verify(forged)
    } catch (error) {
      const { stack } = error as LatchkeyError
      said.push(inspect(error, { depth: 9, showHidden: true }), String(stack), JSON.stringify(problem(error)))
    }
    expect(said).not.toEqual([])
    const auth = createAuth(options)
    said.push(JSON.stringify(auth.decide(ask(`Bearer ${forged}`), need)), JSON.stringify(auth.explain(forged)))
    const bytes = Buffer.from(right, 'base64url')
    for (const form of [right, bytes.toString('hex'), bytes.toString('base64')]) {
      for (const text of said) expect(text).not.toContain(form.slice(0, 12))
    }
  })
})

describe('a header of many megabytes', () => {
  it('is read as malformed, not with an exception', () => {
    for (const text of ['A'.repeat(2 ** 24), `${'A'.repeat(2 ** 24)}!`]) {
      expect(readAuthorization([`Basic ${text}`]).kind).toBe('malformed')
      expect(createAuth({ ...rules, clock }).decide(ask(`Basic ${text}`), need).status).toBe(401)
    }
  })
})

describe('what all requests share', () => {
  it('is frozen down to the rows of the error table', () => {
    for (const row of Object.values(errorTable)) expect(Object.isFrozen(row)).toBe(true)
  })

  it('lets no text break out of a challenge', () => {
    for (const scope of ['a"b', 'a\r\nset-cookie: x=1', 'a\\', 'é']) {
      const { headers } = new LatchkeyError('forbidden', { scope, challenge: scope })
      expect(headers['www-authenticate']).toMatch(
        /^Bearer realm="latchkey"(?:, [a-z_]+="[\x20\x21\x23-\x5b\x5d-\x7e]*")*$/,
      )
    }
  })

  it('decides without an exception, even on a request that is none', () => {
    const { decide } = createAuth({ ...rules, clock })
    for (const request of [
      undefined,
      null,
      {},
      { ...ask('x'), url: undefined },
      { ...ask('x'), authorization: undefined },
    ]) {
      expect(decide(request as never, need).status).toBeGreaterThanOrEqual(400)
    }
  })
})

it('a generated key is none of these', () => {
  for (let i = 0; i < 20; i++) expect(importKey(generateKey('EdDSA').toPublicJwk()).canVerify).toBe(true)
})
