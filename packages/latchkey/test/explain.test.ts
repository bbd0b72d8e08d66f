/** Explanations: the same checks as those that refuse, and what to do about it. */
import { createAuth, type LatchkeyError } from 'latchkey'
import { createRevocationList, createVerifier, explain, generateKey } from 'latchkey/token'
import { describe, expect, it } from 'vitest'
import { audience, claims, clock, headerOf, issuer, keys, now, rawSigner, sid } from './fixtures.js'
import { createRandom } from './fuzz/random.js'
import { mutateSigned } from './fuzz/signed-mutants.js'
import { createTargets } from './fuzz/targets.js'
import { mutateText } from './fuzz/text-mutants.js'
import { makeVariant } from './fuzz/variants.js'

const key = keys.EdDSA
const options = { keys: key, issuer, audience, clock }
const sign = rawSigner(key)
const make = (changed: object = {}, header: object = headerOf(key)) =>
  sign(JSON.stringify(header), JSON.stringify({ ...claims, ...changed }))
const refusedBy = (token: string, more: object = {}) =>
  explain(token, { ...options, ...more }).checks.find(({ outcome }) => outcome === 'refused')

it('of a good token shows every check as ok', () => {
  const { accepted, checks, advice } = explain(make(), options)
  expect([accepted, advice]).toEqual([true, 'The token is good: send it as "Authorization: Bearer TOKEN"'])
  expect(checks.map(({ outcome }) => outcome)).toEqual(Array(14).fill('ok'))
  expect(checks.find(({ name }) => name === 'expiry')).toEqual({
    ...{ name: 'expiry', outcome: 'ok', found: '2027-01-15T10:00:00Z, in 2 hours' },
  })
})

it.each([
  ['form', 'x', 'This is no access token, or not the whole of it: log in again, and send "token"'],
  ['form', '', 'There is no token'],
  ['form', `lkr_${'A'.repeat(96)}`, 'This is a refresh token: exchange it at POST /v1/token/refresh'],
  ['form', `lkk_${'A'.repeat(72)}`, 'This is an API key: exchange it at POST /v1/token'],
  ['form', `Bearer ${make()}`, 'Give the token alone, without the word before it'],
  ['form', `${make()}\n`, 'There is white space in the token: give it as it was answered'],
  ['form', 'a.b.c.d.e', 'This is an encrypted token (JWE), which Latchkey neither issues nor reads'],
  ['header', make({}, { alg: 'EdDSA', kid: key.kid, typ: 'JWT' }), 'This is a token of the kind "JWT"'],
  ['key', make({}, { alg: 'EdDSA', kid: 'K7', typ: 'at+jwt' }), 'Signed by key "K7", which is not trusted here'],
  ['signature', `${make().slice(0, -4)}AAAA`, 'Somebody changed the token, or it was cut: log in again'],
  ['claims', make({ sub: 7 }), 'No Latchkey server issues such a token'],
  [
    'issuer',
    make({ iss: 'https://evil.example' }),
    'Issued by "https://evil.example", this service trusts "https://id.example"',
  ],
  ['audience', make({ aud: 'billing' }), 'Issued for audience "billing", this service is "orders"'],
  ['lifetime', make({ exp: now + 31 * 86_400 }), 'No Latchkey server issues a token for so long'],
  ['scope', make({ scope: 'a  b' }), 'No Latchkey server writes such scopes'],
  ['issued at', make({ iat: now + 660, exp: now + 1000 }), 'This clock is 11 minutes behind that of the server'],
  ['not before', make({ nbf: now + 5 }), 'The token is for later'],
  ['expiry', make({ iat: now - 9000, exp: now - 7200 }), 'Expired 2 hours ago: refresh it, or log in again'],
])('names the check %s, and what to do', (name, token, advice) => {
  const explanation = explain(token, options)
  expect(explanation.advice).toContain(advice)
  const check = explanation.checks.find(({ outcome }) => outcome === 'refused')
  expect(check).toMatchObject({ name, found: expect.any(String), expected: expect.any(String) })
  expect(explanation.accepted).toBe(false)
})

it('names the revocation', () => {
  const revocations = createRevocationList()
  revocations.apply([{ kind: 's', id: sid, min: 4, expiresAt: now + 1 }])
  expect(refusedBy(make(), { revocations })).toEqual({
    ...{ name: 'revocation', outcome: 'refused', expected: 'not revoked' },
    found: `session "${sid}", generation 3: revoked`,
  })
})

it('names a key that was withdrawn, whether or not it is still trusted: a refresh helps', () => {
  const revocations = createRevocationList()
  revocations.apply([{ kind: 'k', id: key.kid, min: 0, expiresAt: now + 1 }])
  const other = generateKey('EdDSA')
  for (const [keys, name] of [
    [[key, other], 'revocation'],
    [[other], 'key'],
  ] as const) {
    const { refused, advice } = explain(make(), { ...options, keys, revocations })
    expect([name, refused, advice]).toEqual([
      name,
      'token_revoked',
      expect.stringMatching(/: refresh it, or log in again$/),
    ])
    expect(refusedBy(make(), { keys, revocations })?.name).toBe(name)
    const { verify } = createVerifier({ ...options, keys, revocations })
    expect(() => verify(make())).toThrow(expect.objectContaining({ code: 'token_revoked', status: 401 }))
  }
  expect(refusedBy(make({}, { ...headerOf(key), kid: 'K7' }), { keys: other, revocations })?.name).toBe('key')
  expect(explain(make({}, { ...headerOf(key), kid: 'K7' }), { ...options, keys: other, revocations }).refused).toBe(
    'token_invalid',
  )
})

it('goes on behind the first refusal, and says which checks it could not make', () => {
  const { checks, refused } = explain(make({ aud: 'billing', iat: now - 9000, exp: now - 1 }), {
    ...options,
    keys: generateKey('EdDSA'),
  })
  const outcomes = Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome]))
  expect(refused).toBe('token_invalid')
  expect(outcomes).toMatchObject({ form: 'ok', header: 'ok', key: 'refused', signature: 'skipped', payload: 'ok' })
  expect(outcomes).toMatchObject({ issuer: 'ok', audience: 'refused', expiry: 'refused', revocation: 'ok' })
})

it('never shows what a terminal would obey, nor a text without end', () => {
  const { checks } = explain(make({ iss: `\u001b[2J${'x'.repeat(2000)}` }), options)
  for (const { found = '', expected = '' } of checks) {
    expect(found + expected).toMatch(/^[\x20-\x7e]*$/)
    expect(found.length).toBeLessThan(300)
  }
})

it('says of thousands of tokens what the verifier does with them', async () => {
  const random = createRandom(42)
  const codes: Record<string, number> = {}
  for (const target of await createTargets()) {
    const trusted = { keys: target.siblings.map(({ key: sibling }) => sibling), issuer, audience, clock }
    const { verify } = createVerifier({ ...trusted, cacheEntries: 0 })
    for (let i = 0; i < 400; i++) {
      const { token } = random.pick([mutateText, mutateSigned, makeVariant])(random, target)
      const { accepted, refused, checks } = explain(token, trusted)
      const expected = codeOf(() => verify(token))
      expect([token, refused]).toEqual([token, expected])
      expect(accepted).toBe(checks.every(({ outcome }) => outcome === 'ok'))
      codes[String(expected)] = (codes[String(expected)] ?? 0) + 1
    }
  }
  expect(Object.keys(codes).sort()).toEqual(['token_expired', 'token_invalid', 'undefined'])
})

function codeOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as LatchkeyError).code
  }
}

describe('auth.explain', () => {
  it('says the same by what the guards trust, at every moment', async () => {
    let nowMs = clock()
    const auth = createAuth({ keys: key, issuer, audience, clock: () => nowMs })
    const token = make()
    expect(auth.explain(token)).toEqual(explain(token, options))
    expect(auth.explain('x')).toEqual(explain('x', options))
    nowMs += 7_200_000
    expect(auth.explain(token)).toMatchObject({ accepted: false, refused: 'token_expired' })
    expect(auth.explain(undefined as never).accepted).toBe(false)
  })

  it('says that nothing is known while a server has not been heard', async () => {
    const auth = createAuth({ server: 'https://id.invalid', issuer, audience })
    expect(auth.explain(make())).toEqual({
      ...{ accepted: false, refused: 'busy', checks: [], advice: 'The keys of the issuer are not known yet' },
    })
    await auth.close()
  })
})

describe('options', () => {
  it('are those of a verifier, but for its cache', () => {
    expect(() => explain('x', { ...options, cacheEntries: 5 } as never)).toThrow('cacheEntries')
    expect(() => explain('x', { ...options, keys: [] })).toThrow('at least one key')
  })
})
