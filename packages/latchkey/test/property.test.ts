/** What holds for every token: it verifies as signed, has one text, and the cache never changes an answer. */
import fc from 'fast-check'
import { signCompact, verifyCompact } from 'latchkey/jws'
import {
  createRevocationList,
  createSigner,
  createVerifier,
  type Key,
  type Revocation,
  type TokenSubject,
  type Verifier,
} from 'latchkey/token'
import { describe, expect, it } from 'vitest'
import { all, audience, clock, issuer, keys, now, refusalOf, remember } from './fixtures.js'
import { otherTexts } from './other-texts.js'

const ttlSeconds = 7200
const rules = { issuer, audience, clock }

const part = fc.stringMatching(/^[A-Za-z0-9_.-]{1,20}$/)
const scope = fc
  .tuple(
    fc.constantFrom('', '!'),
    fc.oneof(part, fc.constant('*')),
    fc.oneof(part, fc.constant('*')),
    fc.constantFrom('', ':any'),
  )
  .map(([not, resource, action, any]) => `${not}${resource}:${action}${any}`)
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((one) => !/\p{Surrogate}/u.test(one))
const subject: fc.Arbitrary<TokenSubject> = fc.record({
  uid: text,
  clientType: fc.nat(2 ** 31 - 2),
  scopes: fc.array(scope, { maxLength: 20 }),
  sid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  gen: fc.nat(2 ** 31 - 2),
  clientId: text,
  audience: fc.oneof(
    fc.constant(audience),
    fc.array(text, { maxLength: 4 }).map((others) => [...others, audience]),
  ),
  authenticatedAt: fc.integer({ min: 0, max: now }).map((seconds) => new Date(seconds * 1000)),
})

function issueOne(key: Key, uid = '7'): string {
  const { issue } = createSigner({ key, issuer, audience, ttlSeconds, clock })
  return issue({ uid, clientType: 100, scopes: ['order:*'], sid: 'A'.repeat(22), gen: 0 })
}

describe.each(all)('with %s', (alg) => {
  const key = keys[alg]
  const { issue } = createSigner({ key, issuer, audience, ttlSeconds, clock })
  const cached = createVerifier({ keys: key, ...rules })
  const uncached = createVerifier({ keys: key, ...rules, cacheEntries: 0 })
  const isRefused = (token: string) =>
    [() => cached.verify(token), () => uncached.verify(token), () => verifyCompact(token, key)].every(
      (attempt) => refusalOf(attempt) === 'token_invalid',
    )

  it('what is signed verifies, with every member as it was given', () => {
    fc.assert(
      fc.property(subject, (given) => {
        const token = issue(given)
        remember(cached, token)
        for (const { verify } of [cached, uncached]) {
          const { claims, user, kid } = verify(token)
          expect(kid).toBe(key.kid)
          expect(user).toMatchObject({
            uid: given.uid,
            clientType: given.clientType,
            scopes: given.scopes,
            sid: given.sid,
          })
          expect(claims).toMatchObject({ iss: issuer, aud: given.audience, sub: given.uid, client_id: given.clientId })
          expect(claims).toMatchObject({
            gen: given.gen,
            iat: now,
            exp: now + ttlSeconds,
            scope: given.scopes.join(' '),
          })
          expect(claims.auth_time * 1000).toBe(given.authenticatedAt?.getTime())
        }
      }),
      { numRuns: 100 },
    )
  })

  it('any bytes under any header round-trip through the low-level pair', () => {
    const header = fc.dictionary(fc.stringMatching(/^[a-z]{3,9}$/), fc.jsonValue({ maxDepth: 2 }), {
      maxKeys: 4,
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), header, (payload, members) => {
        const { alg: _, kid: __, crit: ___, ...others } = members
        const written = JSON.parse(JSON.stringify({ ...others, alg: key.alg }))
        fc.pre(!JSON.stringify(written).includes('"__proto__"'))
        const verified = verifyCompact(signCompact(payload, key, written), key)
        expect(Buffer.from(verified.payload).equals(payload)).toBe(true)
        expect(verified.header).toEqual(written)
      }),
      { numRuns: 50 },
    )
  })

  it('one changed bit anywhere is refused', () => {
    const token = issueOne(key)
    remember(cached, token)
    for (let at = 0; at < token.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = String.fromCharCode(token.charCodeAt(at) ^ (1 << bit))
        if (!isRefused(token.slice(0, at) + changed + token.slice(at + 1))) expect.fail(`bit ${bit} of character ${at}`)
      }
    }
  })

  it('one changed bit of what the text stands for is refused', () => {
    const token = issueOne(key)
    remember(cached, token)
    const segments = token.split('.')
    for (const [which, segment] of segments.entries()) {
      const bytes = Buffer.from(segment, 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
        const forged = segments.with(which, changed.toString('base64url')).join('.')
        if (!isRefused(forged)) expect.fail(`bit ${bit} of part ${which}`)
      }
    }
  })

  it('a token has one text: every other way to write it is refused, before and after it is cached', () => {
    const token = issueOne(key)
    const variants = otherTexts(token)
    for (const [name, variant] of variants) expect([name, isRefused(variant)]).toEqual([name, true])
    remember(cached, token)
    for (const [name, variant] of variants) expect([name, isRefused(variant)]).toEqual([name, true])
    const again = token.split('.').map((segment) => Buffer.from(segment, 'base64url').toString('base64url'))
    expect(again.join('.')).toBe(token)
  })

  it('a token dies at its exp, also when it is cached', () => {
    let seconds = now
    const { verify } = createVerifier({ keys: key, issuer, audience, clock: () => seconds * 1000 })
    const token = issueOne(key)
    remember({ verify }, token)
    for (const alive of [now, now + 1, now + ttlSeconds - 0.001]) {
      seconds = alive
      expect(verify(token).user.uid).toBe('7')
    }
    for (const dead of [now + ttlSeconds, now + ttlSeconds + 1, now * 2]) {
      seconds = dead
      expect(refusalOf(() => verify(token))).toBe('token_expired')
    }
  })
})

describe('the cache', () => {
  it.each([
    ['HS256', 100_000],
    ['EdDSA', 5_000],
    ['ES256', 5_000],
  ] as const)(
    'answers over near-equal tokens of %s as a verifier without it does',
    { timeout: 60_000 },
    (alg, count) => {
      const key = keys[alg]
      const cached = createVerifier({ keys: key, ...rules, cacheEntries: 64 })
      const uncached = createVerifier({ keys: key, ...rules, cacheEntries: 0 })
      const answer = (verify: (token: string) => object, token: string) => {
        let result: object | undefined
        const code = refusalOf(() => (result = verify(token)))
        return { result, says: code ?? JSON.stringify(result) }
      }
      const tokens = Array.from({ length: 100 }, (_, i) => issueOne(key, `user-${i}`))
      // Each is asked three times at once, and then near-equal ones of it: the third time it is answered by the cache.
      const variantsOf = (i: number) => {
        const [one, other] = [tokens[i % 100], tokens[(i * 7 + 1) % 100]] as [string, string]
        const [header, payload, signature] = one.split('.') as [string, string, string]
        const [, otherPayload, otherSignature] = other.split('.') as [string, string, string]
        return [
          ...[one, one, one],
          `${header}.${payload}.${otherSignature}`,
          `${header}.${otherPayload}.${signature}`,
          `${header}.${payload}.${signature.slice(0, -1)}`,
          signature,
          `.${signature}`,
          `${header}.${payload}x.${signature}`,
          other,
        ]
      }
      let [accepted, fromCache] = [0, 0]
      let last: object | undefined
      for (let i = 0; i < count / 10; i++) {
        for (const token of variantsOf(i)) {
          const { result, says } = answer(cached.verify, token)
          if (result !== undefined) accepted++
          if (result !== undefined && result === last) fromCache++
          last = result
          if (says !== answer(uncached.verify, token).says) expect.fail(`round ${i} differs: ${says}`)
        }
      }
      expect(accepted).toBe((count / 10) * 4)
      expect(fromCache).toBeGreaterThan(count / 20)
    },
  )

  it('holds no more than its bound, however many tokens come', () => {
    const { verify } = createVerifier({ keys: keys.HS256, ...rules, cacheEntries: 10 })
    const tokens = Array.from({ length: 200 }, (_, i) => issueOne(keys.HS256, `user-${i}`))
    // A token is kept from the second time on.
    verify(tokens[0] as string)
    const kept = verify(tokens[0] as string)
    expect(verify(tokens[0] as string)).toBe(kept)
    for (const token of tokens.flatMap((one) => [one, one])) verify(token)
    expect(verify(tokens[0] as string)).not.toBe(kept)
  })
})

describe('the twin of an ES256 signature', () => {
  const token = issueOne(keys.ES256)
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const hex = Buffer.from(signature, 'base64url').toString('hex')
  const s = (order - BigInt(`0x${hex.slice(64)}`)).toString(16).padStart(64, '0')
  const twin = `${header}.${payload}.${Buffer.from(hex.slice(0, 64) + s, 'hex').toString('base64url')}`

  it('is the only second text of a token, and carries the same claims', () => {
    const { verify } = createVerifier({ keys: keys.ES256, ...rules })
    expect(verify(twin).claims).toEqual(verify(token).claims)
  })

  it.each([
    ['the session', { kind: 's', id: 'A'.repeat(22), min: 1 }],
    ['the key', { kind: 'k', id: keys.ES256.kid, min: 1 }],
  ])('is refused with it once %s is revoked, also where both are known', (_, revocation) => {
    const revocations = createRevocationList()
    const verifiers = [64, 0].map((cacheEntries) =>
      createVerifier({ keys: keys.ES256, ...rules, revocations, cacheEntries }),
    ) as [Verifier, Verifier]
    for (const text of [token, twin]) remember(verifiers[0], text)
    revocations.apply([{ ...revocation, expiresAt: now + ttlSeconds } as Revocation])
    for (const { verify } of verifiers) {
      for (const text of [token, twin]) expect(refusalOf(() => verify(text))).toBe('token_revoked')
    }
  })
})
