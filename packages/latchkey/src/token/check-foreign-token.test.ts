import { describe, expect, it } from 'vitest'
import { createForeignTokenCheck } from './check-foreign-token.js'
import { type ForeignKey, readForeignKey } from './foreign-key.js'
import { signCompact } from './jws.js'
import { generateKey } from './key.js'

const key = generateKey('ES256')
const now = 1_800_000_000
const rules = { issuer: 'https://id.example', audience: 'orders', leewaySeconds: 0 }
const claims = { iss: rules.issuer, aud: 'orders', sub: 'ann', exp: now + 60 }
const sign = (change: object = {}, header: object = {}) =>
  signCompact(Buffer.from(JSON.stringify({ ...claims, ...change })), key, { alg: 'ES256', kid: key.kid, ...header })
const trusted = [key, generateKey('ES256')].map((one) => readForeignKey(one.toPublicJwk()) as ForeignKey)

function start(cacheEntries = 100) {
  const counts = { hits: 0, misses: 0 }
  const asked = { times: 0, answer: false }
  const asksForKeys = () => {
    asked.times++
    return asked.answer
  }
  return { ...createForeignTokenCheck(trusted, rules, cacheEntries, asksForKeys, counts), counts, asked }
}

describe('a token of another issuer', () => {
  it('says who it is, and keeps of its claims what is looked at again', () => {
    const { check } = start()
    const all = { iat: now - 5, nbf: now - 5, auth_time: now - 9, sid: 's', scope: 'orders:read', email: 'ann@example' }
    expect(check(sign(all), now * 1000)).toEqual({
      user: {
        ...{ uid: 'ann', clientType: 0, sid: 's', scopes: ['orders:read'] },
        ...{ issuedAt: new Date((now - 5) * 1000), expiresAt: new Date((now + 60) * 1000) },
      },
      claims: { exp: now + 60, iat: now - 5, nbf: now - 5, auth_time: now - 9 },
    })
    const { user, claims: kept } = check(sign({ sid: 7 }), now * 1000) as Extract<
      ReturnType<typeof check>,
      { user: object }
    >
    expect(user).toMatchObject({ sid: '', scopes: [], issuedAt: new Date(0) })
    expect(kept).toStrictEqual({ exp: now + 60 })
    expect([Object.isFrozen(user), Object.isFrozen(kept)]).toEqual([true, true])
  })

  it('is known from its second sight on, until it expires', () => {
    const { check, counts } = start()
    const token = sign()
    const seen = Array.from({ length: 4 }, () => check(token, now * 1000))
    expect([seen[2] === seen[1], seen[3] === seen[1], seen[1] === seen[0]]).toEqual([true, true, false])
    expect(counts).toEqual({ hits: 2, misses: 2 })
    expect(check(token, (now + 59.999) * 1000)).toBe(seen[1])
    expect(check(token, (now + 60) * 1000)).toMatchObject({ refused: 'token_expired' })
  })

  it('is known by the line that it came in, and by nothing else that reads like it', () => {
    const { check, recall, counts } = start()
    const token = sign()
    const line = `Bearer ${token}`
    for (let i = 0; i < 2; i++) expect(recall(line, now * 1000)).toBeUndefined()
    for (let i = 0; i < 2; i++) check(token, now * 1000, line)
    const known = recall(line, now * 1000)
    expect(known).toMatchObject({ user: { uid: 'ann' } })
    expect(counts.hits).toBe(1)
    expect(recall(line, (now + 60) * 1000)).toBeUndefined()
    // The text of a line is no token, and a token no line.
    expect(check(line, now * 1000)).toMatchObject({ refused: 'token_invalid' })
    for (let i = 0; i < 2; i++) check(token, now * 1000)
    expect(recall(token, now * 1000)).toBeUndefined()
    expect(check('x', now * 1000, token)).toMatchObject({ refused: 'token_invalid' })
  })

  it.each<[string, object, string]>([
    ['iss', { iss: 7 }, 'The claim iss must be a text'],
    ['iss', { iss: 'https://other.example' }, 'The token must come from the issuer this service trusts'],
    ['aud', { aud: [7] }, 'The claim aud must be a text or a list of texts'],
    ['aud', { aud: 'bills' }, 'The token must be issued for this service'],
    ['sub', { sub: '' }, 'The claim sub must be a text'],
    ...['exp', 'iat', 'nbf', 'auth_time'].flatMap((name) =>
      ['1', -1, 253_402_300_800].map((value): [string, object, string] => [
        name,
        { [name]: value },
        `The claim ${name} must be a number of seconds since 1970`,
      ]),
    ),
    ['nonce', { nonce: '' }, 'An ID token is no access token'],
    ['at_hash', { at_hash: '' }, 'An ID token is no access token'],
    ['c_hash', { c_hash: '' }, 'An ID token is no access token'],
    ['events', { events: {} }, 'A security event token is no access token (RFC 8417 section 4.7)'],
    ['cnf', { cnf: {} }, 'The token is bound to a key, and this service takes no proof of one (RFC 7800)'],
    ['auth_time', { auth_time: now + 60.5 }, 'The login must not lie in the future'],
    ['iat', { iat: now + 60.5 }, 'The token must not be issued in the future'],
    ['nbf', { nbf: now + 0.5 }, 'The token is not valid yet'],
    ['exp', { exp: now }, 'The token has expired: refresh it, or log in again'],
    ['scope', { scope: 7 }, 'The scopes must be a text in scope, or a text or a list of texts in scp'],
  ])('is refused for its %s with %j, in words', (claim, change, reason) => {
    expect(start().check(sign(change), now * 1000)).toMatchObject({ claim, reason })
  })

  it('may hold moments from 1970 to the end of 9999', () => {
    const { check } = start()
    const all = { exp: 253_402_300_799, iat: 0, nbf: 0, auth_time: 0 }
    expect(check(sign(all), now * 1000)).toMatchObject({ claims: all })
  })

  it('says why its header, its key or its signature is none, and that keys are being read', () => {
    const { check, asked } = start()
    const answer = (token: string) => {
      const { refused, reason } = check(token, now * 1000) as { refused: string; reason: string }
      return `${refused}: ${reason}`
    }
    const headers =
      'The header must have alg RS256, PS256, ES256 or EdDSA, typ JWT or at+jwt or none, and neither crit nor b64'
    expect(answer(sign({}, { typ: 'id+jwt' }))).toBe(`token_invalid: ${headers}`)
    const strange = signCompact(Buffer.from(JSON.stringify(claims)), generateKey('ES256'))
    const untrusted = 'The token must be signed by a key that this service trusts, with the algorithm of that key'
    expect(answer(strange)).toBe(`token_invalid: ${untrusted}`)
    asked.answer = true
    const reading = 'The token names a key that is not known; the keys of the issuer are being read'
    expect(answer(strange)).toBe(`busy: ${reading}`)
    expect(asked.times).toBe(2)
    // Another key that is known: nothing has to be read.
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: trusted[1]?.kid })).toString('base64url')
    const underOther = sign().replace(/^[^.]*/, header)
    expect(answer(underOther)).toBe('token_invalid: The signature must be that of the key the token names')
    expect(asked.times).toBe(2)
  })

  it('is a text of 8,192 characters at most', () => {
    const { check } = start()
    for (const none of [undefined, null, 7, [sign()]]) {
      expect(check(none as unknown as string, now * 1000)).toMatchObject({ refused: 'token_invalid' })
    }
    const lengths = Array.from({ length: 8 }, (_, i) => sign({ name: 'x'.repeat(5921 + i) }))
    for (const token of lengths) expect(check(token, now * 1000)).toMatchObject({ user: { uid: 'ann' } })
    expect(lengths.map((token) => token.length)).toContain(8192)
    expect(check('a'.repeat(8193), now * 1000)).toMatchObject({ refused: 'token_invalid' })
  })

  it('asks for the keys only where it names one that is not known', () => {
    const { check, asked } = start()
    const { kid, ...nameless } = { alg: 'ES256', kid: key.kid }
    const payload = Buffer.from(JSON.stringify(claims))
    const unknown = generateKey('ES256')
    const ofUnknown = signCompact(payload, unknown, { alg: 'ES256', kid: unknown.kid })
    const reason = 'The token must be signed by a key that this service trusts, with the algorithm of that key'
    // Of two keys, none is meant by a token without a name.
    expect(check(signCompact(payload, key, nameless), now * 1000)).toMatchObject({ refused: 'token_invalid', reason })
    expect(asked.times).toBe(0)
    expect(check(ofUnknown, now * 1000)).toMatchObject({ refused: 'token_invalid', reason })
    expect(asked.times).toBe(1)
    asked.answer = true
    expect(check(ofUnknown, now * 1000)).toEqual({
      ...{ refused: 'busy', reason: 'The token names a key that is not known; the keys of the issuer are being read' },
    })
    expect(check(sign({}, { kid }), now * 1000)).toMatchObject({ user: { uid: 'ann' } })
    expect(asked.times).toBe(2)
  })
})
