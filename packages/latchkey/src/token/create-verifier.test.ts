import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { LatchkeyError } from '../errors.js'
import { createSigner, type TokenSubject } from './create-signer.js'
import { createVerifier } from './create-verifier.js'
import { signCompact } from './jws.js'
import { generateKey } from './key.js'
import { createRevocationList } from './revocation-list.js'

const issuer = 'https://id.example'
const key = generateKey('HS256')
const now = 1_800_000_000
const subject: TokenSubject = {
  uid: '7',
  clientType: 100,
  scopes: ['order:*', '!order:cancel'],
  sid: 'A'.repeat(22),
  gen: 3,
}
const claims = {
  ...{ iss: issuer, aud: 'orders', sub: '7', client_id: 'latchkey', iat: now, exp: now + 60, auth_time: now },
  ...{ jti: `${'B'.repeat(21)}A`, sid: 'A'.repeat(22), gen: 0, scope: '', client_type: 100 },
}

const clock = (seconds: number) => () => seconds * 1000
const verifier = (seconds: number, options = {}) =>
  createVerifier({ keys: key, issuer, audience: 'orders', clock: clock(seconds), ...options })
const sign = (payload: unknown, header: object = { alg: 'HS256', kid: key.kid, typ: 'at+jwt' }) =>
  signCompact(Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)), key, { ...header })

const no = (): boolean => false
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const secret = Buffer.from(key.toPrivateJwk().k as string, 'base64url')
/** Whatever it is. */
const signed = (input: string) => `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`

function refusal(run: () => unknown): { code: string; claim: string | undefined } {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(LatchkeyError)
    const { code, claim } = error as LatchkeyError
    return { code, claim }
  }
  throw new Error('it was accepted')
}

describe('a verifier', () => {
  it('accepts what a signer issued, and says who it is', () => {
    const { issue } = createSigner({ key, issuer, audience: ['orders', 'bills'], ttlSeconds: 60, clock: clock(now) })
    const token = issue({ ...subject, authenticatedAt: new Date((now - 5) * 1000) })
    const accepted = verifier(now).verify(token)
    expect(accepted.kid).toBe(key.kid)
    expect(accepted.claims).toMatchObject({ iss: issuer, aud: ['orders', 'bills'], auth_time: now - 5, gen: 3 })
    expect(accepted.user).toEqual({
      ...{ uid: '7', clientType: 100, sid: subject.sid, scopes: ['order:*', '!order:cancel'] },
      ...{ issuedAt: new Date(now * 1000), expiresAt: new Date((now + 60) * 1000) },
    })
  })

  it('hands out nothing that can be changed', () => {
    const { user, claims: read } = verifier(now).verify(sign({ ...claims, aud: ['orders'] }))
    for (const one of [user, user.scopes, read, read.aud]) expect(Object.isFrozen(one)).toBe(true)
    const setters = Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set'))
    expect(setters.length).toBeGreaterThan(14)
    for (const name of setters) {
      const set = () => (user.expiresAt[name as 'setTime'] as (ms: number) => unknown)(0)
      expect(set, name).toThrow(
        new TypeError('The moments of a user cannot be set: all requests with the same token share them'),
      )
    }
    expect(user.expiresAt).toEqual(new Date((now + 60) * 1000))
  })

  it('refuses from exp on, also what it has cached, and not a moment before', () => {
    const token = sign(claims)
    let seconds = now
    const { verify } = verifier(0, { clock: () => seconds * 1000 })
    for (const alive of [now, now + 59.999]) {
      seconds = alive
      expect(verify(token).user.uid).toBe('7')
    }
    seconds = now + 60
    expect(refusal(() => verify(token))).toEqual({ code: 'token_expired', claim: 'exp' })
    expect(refusal(() => verifier(now + 60).verify(token))).toEqual({ code: 'token_expired', claim: 'exp' })
    expect(verifier(now + 69, { leewaySeconds: 10 }).verify(token).user.uid).toBe('7')
    expect(refusal(() => verifier(now + 70, { leewaySeconds: 10 }).verify(token)).code).toBe('token_expired')
  })

  it.each(Object.keys(claims))('refuses a token without %s, or with one of another type', (claim) => {
    for (const value of [undefined, null, true, -1, 1.5, 2 ** 53, {}, [], [1], '\u0000'.repeat(0), NaN]) {
      if (claim === 'scope' && value === '') continue
      const { code } = refusal(() => verifier(now).verify(sign({ ...claims, [claim]: value })))
      expect(code, `${claim} ${String(value)}`).toBe('token_invalid')
    }
  })

  it.each([
    ['iss', { iss: `${issuer}/` }],
    ['iss', { iss: issuer.toUpperCase() }],
    ['aud', { aud: 'order' }],
    ['aud', { aud: ['bills'] }],
    ['iat', { iat: now + 61, exp: now + 120 }],
    ['exp', { iat: now, exp: now + 30 * 86_400 + 1 }],
    ['aud', { aud: [] }],
    ['exp', { exp: (now + 60) * 1000 }],
    ['nbf', { nbf: now + 1 }],
    ['nbf', { nbf: '0' }],
    ['scope', { scope: 'order:read  order:write' }],
    ['scope', { scope: ' ' }],
    ['scope', { scope: 'admin' }],
    ['sid', { sid: 'A'.repeat(21) }],
    ['sid', { sid: `${'A'.repeat(21)}B` }],
  ])('refuses a wrong %s: %j', (claim, change) => {
    expect(refusal(() => verifier(now).verify(sign({ ...claims, ...change })))).toEqual({
      code: 'token_invalid',
      claim,
    })
  })

  it('takes one that lives for thirty days', () => {
    expect(verifier(now).verify(sign({ ...claims, exp: now + 30 * 86_400 })).user.uid).toBe('7')
  })

  it('says of an audience that is none what it must be', () => {
    for (const aud of [[], '', [7], {}]) {
      const attempt = () => verifier(now).verify(sign({ ...claims, aud }))
      expect(attempt).toThrow('The claim aud must be a text or a list of texts')
    }
  })

  it.each(['null', '[]', '"x"', '7', 'true', '[{}]', '', '{"iss":"a","iss":"a"}'])(
    'refuses the payload %j under a right signature',
    (payload) => {
      const attempt = () => verifier(now).verify(sign(payload))
      expect(refusal(attempt)).toEqual({ code: 'token_invalid', claim: undefined })
      expect(attempt).toThrow('The payload must be a JSON object, strictly written')
    },
  )

  it('refuses before nbf, also what it has cached, when the clock is set back', () => {
    const token = sign({ ...claims, nbf: now })
    let seconds = now
    const { verify } = verifier(0, { clock: () => seconds * 1000 })
    for (let i = 0; i < 3; i++) expect(verify(token).user.uid).toBe('7')
    seconds = now - 0.001
    expect(refusal(() => verify(token))).toEqual({ code: 'token_invalid', claim: 'nbf' })
  })

  it('accepts a clock that is a minute ahead, and nbf that has come', () => {
    expect(verifier(now - 60).verify(sign({ ...claims, nbf: now - 60 })).user.uid).toBe('7')
  })

  it.each([
    { alg: 'HS256', kid: key.kid },
    { alg: 'HS256', kid: key.kid, typ: 'JWT' },
    { alg: 'HS256', kid: key.kid, typ: 'rt+jwt' },
    { alg: 'HS256', typ: 'at+jwt' },
    { alg: 'HS256', kid: key.kid, typ: 'at+jwt', jku: 'http://127.0.0.1/' },
    { alg: 'HS256', kid: key.kid, typ: 'at+jwt', cty: 'JWT' },
  ])('refuses the header %j under a right signature', (header) => {
    expect(refusal(() => verifier(now).verify(sign(claims, header))).code).toBe('token_invalid')
  })

  it('accepts the members of the header in any order', () => {
    expect(verifier(now).verify(sign(claims, { typ: 'at+jwt', kid: key.kid, alg: 'HS256' })).user.uid).toBe('7')
  })

  it('refuses a token of another key that has the same name', () => {
    const { issue } = createSigner({
      key: { ...generateKey('HS256').toPrivateJwk(), kid: key.kid },
      issuer,
      audience: 'orders',
      ttlSeconds: 60,
      clock: clock(now),
    })
    expect(refusal(() => verifier(now).verify(issue(subject))).code).toBe('token_invalid')
  })

  it('refuses what is no text', () => {
    for (const value of [undefined, null, 7, {}, [sign(claims)], Buffer.from(sign(claims))]) {
      expect(refusal(() => verifier(now).verify(value as string)).code).toBe('token_invalid')
    }
  })

  it('asks of a token it knows, too, whether it was revoked since, and refuses no other', () => {
    const revocations = createRevocationList()
    const { verify } = verifier(now, { revocations })
    const token = sign(claims)
    for (let i = 0; i < 3; i++) expect(verify(token).user.uid).toBe('7')
    const ended = { kind: 's' as const, min: 1, expiresAt: now + 60 }
    revocations.apply([{ ...ended, id: `${'C'.repeat(21)}A` }])
    for (let i = 0; i < 3; i++) expect(verify(token).user.uid).toBe('7')
    revocations.apply([{ ...ended, id: claims.sid }])
    for (let i = 0; i < 3; i++) expect(refusal(() => verify(token)).code).toBe('token_revoked')
    expect(verify(sign({ ...claims, gen: 1 })).user.uid).toBe('7')
  })

  it.each<[object, string]>([
    [{ alg: 7 }, 'The header must be exactly alg, kid and typ "at+jwt", strictly written'],
    [{ kid: 7 }, 'The header must be exactly alg, kid and typ "at+jwt", strictly written'],
    [{ typ: 'JWT' }, 'The header must be exactly alg, kid and typ "at+jwt", strictly written'],
    [{ jwk: {} }, 'The header must be exactly alg, kid and typ "at+jwt", strictly written'],
    [{ alg: 'HS384' }, 'The token must be signed by a key that this service trusts, with the algorithm of that key'],
    [{ kid: 'nobody' }, 'The token must be signed by a key that this service trusts, with the algorithm of that key'],
    [{ typ: undefined, kid: key.kid }, 'The header must be exactly alg, kid and typ "at+jwt", strictly written'],
  ])('says what is wrong with a header with %j', (change, message) => {
    const token = signed(`${encode({ alg: 'HS256', kid: key.kid, typ: 'at+jwt', ...change })}.${encode(claims)}`)
    expect(() => verifier(now).verify(token)).toThrow(message)
  })

  it('takes a token of 8,192 characters, and none of more', () => {
    // Of such a name tokens of that length can be made.
    const jwk = { ...key.toPrivateJwk(), kid: 'names' }
    const { verify } = verifier(now, { keys: jwk })
    const lengths = Array.from({ length: 8 }, (_, i) => {
      const uid = 'x'.repeat(5830 + i)
      const token = signed(
        `${encode({ alg: 'HS256', kid: jwk.kid, typ: 'at+jwt' })}.${encode({ ...claims, sub: uid })}`,
      )
      if (token.length <= 8192) expect(verify(token).user.uid).toBe(uid)
      else expect(refusal(() => verify(token)).code).toBe('token_invalid')
      return token.length
    })
    expect(lengths).toContain(8192)
    expect(lengths.at(-1)).toBeGreaterThan(8192)
  })

  it.each([
    [{ cacheEntires: 1 }, /createVerifier has no "cacheEntires"/],
    [{ issuer: '' }, /issuer/],
    [{ audience: undefined }, /audience/],
    [{ leewaySeconds: 301 }, /leewaySeconds/],
    [{ cacheEntries: 1.5 }, /cacheEntries/],
    [{ keys: [] }, /at least one/],
    [{ clock: 5 }, /clock/],
    [{ revocations: null }, /createRevocationList/],
    [{ revocations: {} }, /createRevocationList/],
    [{ revocations: { version: 1, refuses: no } }, /createRevocationList/],
    [{ revocations: { version: 1, refusesKey: no } }, /createRevocationList/],
    [{ revocations: { refuses: no, refusesKey: no } }, /createRevocationList/],
  ])('is not made with %j', (change, message) => {
    expect(() => verifier(now, change)).toThrow(message)
  })
})
