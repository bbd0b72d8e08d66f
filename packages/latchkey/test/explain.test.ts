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

const header = JSON.stringify(headerOf(key))

it('of a good token shows every check as ok, and what it found', () => {
  const token = make()
  const { accepted, checks, advice } = explain(token, options)
  expect([accepted, advice]).toEqual([true, 'The token is good: send it as "Authorization: Bearer TOKEN"'])
  expect(checks.map(({ outcome }) => outcome)).toEqual(Array(14).fill('ok'))
  expect(checks.map(({ expected }) => expected)).toEqual(Array(14).fill(undefined))
  expect(Object.fromEntries(checks.map(({ name, found }) => [name, found]))).toEqual({
    ...{ form: `3 parts, ${token.length} characters`, header: `"${header}"`, key: `key "${key.kid}" with "EdDSA"` },
    ...{ signature: `of key ${key.kid}`, payload: 'a JSON object', claims: 'all of them' },
    ...{
      issuer: '"https://id.example"',
      audience: '"orders", "bills"',
      lifetime: '2 hours',
      scope: `"${claims.scope}"`,
    },
    ...{ 'issued at': '2027-01-15T08:00:00Z, in 0 seconds', 'not before': undefined },
    ...{ expiry: '2027-01-15T10:00:00Z, in 2 hours' },
    revocation: `session "${sid}", generation 3: not known here`,
  })
  expect(checks.find(({ name }) => name === 'not before')).not.toHaveProperty('found')
  const revocations = createRevocationList()
  const known = explain(make({ aud: ['bills', 'orders'], nbf: now - 90 }), { ...options, revocations }).checks
  expect(known.find(({ name }) => name === 'revocation')?.found).toBe(`session "${sid}", generation 3: not revoked`)
  expect(known.find(({ name }) => name === 'audience')?.found).toBe('"bills", "orders"')
  expect(known.find(({ name }) => name === 'not before')?.found).toBe('2027-01-15T07:58:30Z, 90 seconds ago')
})

const form = '3 parts in canonical base64url, at most 8192 characters together'
const whole = 'This is no access token, or not the whole of it: log in again, and send "token"'
const exactly = 'exactly alg, kid and typ "at+jwt"'
const strict = { header: 'No Latchkey server writes such a header: log in again there' }
const trusted = `one of ${key.kid} (EdDSA)`
const forged = `${make().slice(0, -4)}AAAA`

it.each([
  ['form', 'x', whole, '1 part, 1 character', form],
  ['form', '', 'There is no token', '1 part, 0 characters', form],
  ['form', 'a bearer', 'There is white space in the token: give it as it was answered', '1 part, 8 characters', form],
  [
    'form',
    'a bearer x',
    'There is white space in the token: give it as it was answered',
    '1 part, 10 characters',
    form,
  ],
  ['form', 'bearer', whole, '1 part, 6 characters', form],
  ['form', 'a.b=.c', 'There is padding in the token: give it as it was answered', '3 parts, 6 characters', form],
  [
    'form',
    `lkr_${'A'.repeat(96)}`,
    'This is a refresh token: exchange it at POST /v1/token/refresh',
    '1 part, 100 characters',
    form,
  ],
  ['form', `lkk_${'A'.repeat(72)}`, 'This is an API key: exchange it at POST /v1/token', '1 part, 76 characters', form],
  [
    'form',
    `Bearer ${make()}`,
    'Give the token alone, without the word before it',
    `3 parts, ${make().length + 7} characters`,
    form,
  ],
  [
    'form',
    `${make()}\n`,
    'There is white space in the token: give it as it was answered',
    `3 parts, ${make().length + 1} characters`,
    form,
  ],
  [
    'form',
    'a.b.c.d.e',
    'This is an encrypted token (JWE), which Latchkey neither issues nor reads',
    '5 parts, 9 characters',
    form,
  ],
  [
    'header',
    make({}, { alg: 'EdDSA', kid: key.kid, typ: 'JWT' }),
    'This is a token of the kind "JWT", not an access token of Latchkey: log in again, and send "token"',
    `"${header.replace('at+jwt', 'JWT')}"`,
    exactly,
  ],
  ['header', sign('{}', JSON.stringify(claims)), strict.header, '"{}"', exactly],
  ['header', sign('[]', JSON.stringify(claims)), strict.header, 'no JSON object, strictly written', exactly],
  [
    'key',
    make({}, { alg: 'EdDSA', kid: 'K7', typ: 'at+jwt' }),
    'Signed by key "K7", which is not trusted here: it was retired, or belongs to another server; log in again',
    'key "K7" with "EdDSA"',
    trusted,
  ],
  [
    'signature',
    forged,
    'Somebody changed the token, or it was cut: log in again',
    'one that is not of that key',
    `that of key ${key.kid} over this header and payload`,
  ],
  [
    'payload',
    sign(header, '[]'),
    'No Latchkey server writes such a payload: log in again there',
    'none',
    'a JSON object, strictly written',
  ],
  [
    'claims',
    make({ sub: 7 }),
    'No Latchkey server issues such a token: log in again there',
    'sub "7"',
    'The claim sub must be a text',
  ],
  [
    'issuer',
    make({ iss: 'https://evil.example' }),
    'Issued by "https://evil.example", this service trusts "https://id.example": log in again there, or configure the issuer',
    '"https://evil.example"',
    '"https://id.example"',
  ],
  [
    'audience',
    make({ aud: ['billing', 'mail'] }),
    'Issued for audience "billing", "mail", this service is "orders": ask for that audience when you log in, or add it to the audiences of the server',
    '"billing", "mail"',
    '"orders"',
  ],
  [
    'lifetime',
    make({ exp: now + 31 * 86_400 }),
    'No Latchkey server issues a token for so long: log in again there',
    '31 days',
    'at most 30 days',
  ],
  [
    'scope',
    make({ scope: 'a  b' }),
    'No Latchkey server writes such scopes: log in again there',
    '"a  b"',
    'scopes such as order:read with one space between',
  ],
  [
    'issued at',
    make({ iat: now + 660, exp: now + 1000 }),
    'This clock is 11 minutes behind that of the server: set it right',
    '2027-01-15T08:11:00Z, in 11 minutes',
    'not in the future, but for a minute',
  ],
  [
    'not before',
    make({ nbf: now + 1 }),
    'The token is for later: wait, or set this clock right',
    '2027-01-15T08:00:01Z, in 1 second',
    'not to come',
  ],
  [
    'expiry',
    make({ iat: now - 9000, exp: now - 7200 }),
    'Expired 2 hours ago: refresh it, or log in again',
    '2027-01-15T06:00:00Z, 2 hours ago',
    'to come',
  ],
])('names the check %s of %j, what it found and expected, and what to do', (name, token, advice, found, expected) => {
  const explanation = explain(token, options)
  expect(explanation.advice).toBe(advice)
  const check = explanation.checks.find(({ outcome }) => outcome === 'refused')
  expect(check).toEqual({ name, outcome: 'refused', found, expected })
  expect(explanation.accepted).toBe(false)
})

it('says how late a token may be where that is configured', () => {
  const { checks } = explain(make({ iat: now - 9000, exp: now - 31 }), { ...options, leewaySeconds: 30 })
  expect(checks.find(({ name }) => name === 'expiry')?.expected).toBe('at most 30 seconds ago')
})

it('shows 200 characters of a text, and no more', () => {
  const found = (length: number) =>
    explain(make({ iss: 'x'.repeat(length) }), options).checks.find(({ name }) => name === 'issuer')?.found
  expect(found(200)).toBe(`"${'x'.repeat(200)}"`)
  expect(found(201)).toBe(`"${'x'.repeat(200)}..."`)
})

it('shows no moment that no calendar has', () => {
  const found = (exp: number) => explain(make({ exp }), options).checks.find(({ name }) => name === 'expiry')?.found
  expect(found(8.64e12 - 1)).toMatch(/^\+275760-09-12T23:59:59Z, in \d+ days$/)
  expect(found(8.64e12)).toMatch(/^in \d+ days$/)
})

it('counts in the greatest unit that there are two of', () => {
  const lifetimes = [1, 2, 118, 119, 120, 7198, 7199, 7200, 172_798, 172_799, 172_800].map(
    (seconds) => explain(make({ exp: now + seconds }), options).checks.find(({ name }) => name === 'lifetime')?.found,
  )
  expect(lifetimes).toEqual([
    ...['1 second', '2 seconds', '118 seconds', '2 minutes', '2 minutes', '120 minutes', '2 hours', '2 hours'],
    ...['48 hours', '2 days', '2 days'],
  ])
})

it('is made with the options of a verifier, and no others', () => {
  expect(() => explain(make(), { ...options, cacheEntries: 1 } as never)).toThrow('explain has no "cacheEntries"')
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
