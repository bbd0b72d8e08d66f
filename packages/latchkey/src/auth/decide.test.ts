/** What a decision says, for those who write a guard of their own; `test/guards` has what frameworks make of it. */
import { describe, expect, it } from 'vitest'
import { defineRoles } from '../access/index.js'
import { createRevocationList, createSigner, generateKey } from '../token/index.js'
import { createAuth } from './create-auth.js'
import type { GuardRequest } from './decide.js'
import { type GuardOptions, readNeed } from './need.js'

const issuer = 'https://id.example'
const nowSeconds = 1_800_000_000
const clock = () => nowSeconds * 1000
const key = generateKey('EdDSA')
const shared = { keys: key, issuer, clock }
const signer = createSigner({ key, issuer, audience: issuer, ttlSeconds: 60, clock })
const subject = { uid: '7', clientType: 100, scopes: ['order:read'], sid: 'A'.repeat(22), gen: 0 }
const token = signer.issue(subject)
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
const base64 = (text: string) => Buffer.from(text).toString('base64')

const auth = createAuth(shared)
function decide(
  authorization: string | undefined,
  options: GuardOptions = {},
  more: Partial<GuardRequest> = {},
  by = auth,
) {
  const lines = authorization === undefined ? [] : [authorization]
  const request = { method: 'GET', url: '/orders', authorization: lines, ...absent, ...more }
  const decision = by.decide(request, readNeed([options], []))
  if (decision.status === undefined) return decision
  const { status, headers, body } = decision
  const { code, detail, msg, request: asked } = JSON.parse(body)
  return { status, code, detail, msg, request: asked, challenge: headers['www-authenticate'] }
}

describe('a refusal', () => {
  const realm = 'Bearer realm="latchkey"'
  const both = `${realm}, Basic realm="latchkey", charset="UTF-8"`
  const invalid = 'Bearer realm="latchkey", error="invalid_token"'
  it.each([
    ['no credential', undefined, {}, {}, [401, 'token_invalid', 'A token is needed', both]],
    [
      'none, where Basic is not taken',
      undefined,
      { basic: false },
      {},
      [401, 'token_invalid', 'A token is needed', realm],
    ],
    ['another scheme', 'Digest a', {}, {}, [401, 'token_invalid', 'A token is needed, by Bearer or Basic', both]],
    [
      'Basic, where it is not taken',
      `Basic ${base64(`${token}:`)}`,
      { basic: false },
      {},
      [401, 'token_invalid', 'A token is needed, by Bearer', realm],
    ],
    [
      'bad Basic, where it is not taken',
      'Basic x',
      { basic: false },
      {},
      [401, 'token_invalid', 'A token is needed, by Bearer', realm],
    ],
    [
      'bad Basic',
      'Basic x',
      {},
      {},
      [
        401,
        'token_invalid',
        'Basic must be followed by canonical base64 with its padding',
        `${invalid}, Basic realm="latchkey", charset="UTF-8"`,
      ],
    ],
    [
      'an empty Bearer, where Basic is not taken',
      'Bearer ',
      { basic: false },
      {},
      [401, 'token_invalid', 'Bearer must be followed by a token', invalid],
    ],
    [
      'Basic from another site',
      `Basic ${base64(`${token}:`)}`,
      {},
      { fetchSite: 'cross-site' },
      [403, 'forbidden', 'Basic is not taken from another site', undefined],
    ],
    [
      'a refresh token',
      `Bearer lkr_${'A'.repeat(60)}`,
      { basic: false },
      {},
      [401, 'token_invalid', 'This is a refresh token: exchange it at POST /v1/token/refresh', invalid],
    ],
    [
      'a scope that is missing',
      `Bearer ${token}`,
      { scopes: ['order:cancel'] },
      {},
      [
        403,
        'forbidden',
        'The scope needed is order:cancel',
        'Bearer realm="latchkey", error="insufficient_scope", scope="order:cancel"',
      ],
    ],
    [
      'all of which none is there',
      `Bearer ${token}`,
      { anyOf: ['a:b', 'c:d'] },
      {},
      [
        403,
        'forbidden',
        'The scope needed is a:b c:d',
        'Bearer realm="latchkey", error="insufficient_scope", scope="a:b c:d"',
      ],
    ],
  ] as const)('of %s says so', (_, authorization, options, more, expected) => {
    const { status, code, detail, challenge } = decide(authorization, options as GuardOptions, more) as Record<
      string,
      unknown
    >
    expect([status, code, detail, challenge]).toEqual(expected)
  })

  it('names what is missing where all of some scopes are needed and any of others', () => {
    const options = { scopes: ['a:b'], anyOf: ['c:d', 'e:f'] }
    for (const [scopes, missing] of [
      [[], 'a:b'],
      [['a:b'], 'c:d e:f'],
      [['c:d', 'e:f'], 'a:b'],
      [['a:b', 'e:f'], undefined],
      [['c:d', 'a:b'], undefined],
    ] as const) {
      const decision = decide(`Bearer ${signer.issue({ ...subject, scopes })}`, options)
      const expected = missing === undefined ? { user: { uid: '7' } } : { detail: `The scope needed is ${missing}` }
      expect(decision).toMatchObject(expected)
    }
  })

  it('of two credentials is the fault of the request, wherever they are', () => {
    const refused = {
      ...{ status: 400, code: 'parameter_invalid', request: 'GET /orders' },
      msg: { authorization: ['must be sent once'] },
      detail: 'A request must carry one credential, in one place',
      challenge: 'Bearer realm="latchkey", error="invalid_request"',
    }
    expect(decide('Bearer a, Bearer b')).toEqual(refused)
    const inQuery = { url: '/orders?a=1&access_token=abc' }
    // A new line, and one that was let through before.
    for (let i = 0; i < 3; i++) expect(decide(`Bearer ${token}`, {}, inQuery)).toEqual(refused)
    expect(decide(`Bearer ${token}`, {}, { url: '/access_token=abc?access=1' })).toMatchObject({ user: { uid: '7' } })
    expect(decide(`Bearer ${token}`, {}, { url: '/orders?x_access_token=abc' })).toMatchObject({ user: { uid: '7' } })
  })

  it('of a request that cannot be described still is one', () => {
    for (const request of [null, {}, { method: 7, url: '/' }]) {
      const { status, body } = auth.decide(request as unknown as GuardRequest, readNeed([], [])) as {
        status: number
        body: string
      }
      expect([status, JSON.parse(body).code]).toEqual([500, 'server_error'])
    }
  })
})

describe('a request without a credential', () => {
  it('passes where that is optional, without a user; with a wrong credential it does not', () => {
    expect(decide(undefined, { optional: true })).toEqual({ user: undefined })
    expect(decide('Bearer a', { optional: true })).toMatchObject({ status: 401 })
    expect(decide('Digest a', { optional: true })).toMatchObject({ status: 401 })
  })

  it('passes as a pre-flight, whatever is asked for', () => {
    expect(decide(undefined, { scopes: ['order:read'] }, { preflight: true })).toEqual({ user: undefined })
  })
})

describe('the copy of the revocations', () => {
  function copy(ageMs: number | undefined) {
    return { ...createRevocationList(), refuses: () => false, version: 0, ageMs: () => ageMs }
  }
  const decideWith = (ageMs: number | undefined, more: object = {}) => {
    const by = createAuth({ ...shared, revocations: copy(ageMs), ...more })
    return [decide(`Bearer ${token}`, {}, {}, by), by.status()] as const
  }

  it.each([
    [0, 0],
    [1000, 0],
    [1001, 1],
    [300_000, 1],
  ])('of %d ms is good enough: counted as lagging %d times', (ageMs, lagging) => {
    const [decision, status] = decideWith(ageMs)
    expect(decision).toMatchObject({ user: { uid: '7' } })
    expect(status).toMatchObject({ revocationsAgeMs: ageMs, laggingDecisions: lagging })
  })

  it('that is older, or not there, refuses with 503, and says why', () => {
    for (const ageMs of [300_001, undefined]) {
      const [decision, status] = decideWith(ageMs)
      const detail = 'It is not known at this moment who was logged out'
      expect(decision).toMatchObject({ status: 503, code: 'busy', detail, challenge: undefined })
      expect(status.laggingDecisions).toBe(0)
    }
  })

  it('may be older where that is accepted, but must be there', () => {
    expect(decideWith(300_001, { whenStale: 'accept' })[0]).toMatchObject({ user: { uid: '7' } })
    expect(decideWith(300_001, { whenStale: 'accept' })[1].laggingDecisions).toBe(1)
    expect(decideWith(undefined, { whenStale: 'accept' })[0]).toMatchObject({ status: 503 })
    expect(decideWith(5_000, { maxStalenessSeconds: 5 })[0]).toMatchObject({ user: { uid: '7' } })
    expect(decideWith(5_001, { maxStalenessSeconds: 5 })[0]).toMatchObject({ status: 503 })
  })
})

describe('options of createAuth', () => {
  it.each([
    [{ ...shared, whenStale: 'close' }, 'whenStale must be'],
    [{ ...shared, maxStalenessSeconds: 0 }, 'maxStalenessSeconds must be a whole number from 1 to 86400'],
    [{ ...shared, roles: {} }, 'roles must come from defineRoles'],
    [{ ...shared, role: undefined }, 'createAuth has no "role"'],
    [{ server: issuer, keys: key }, 'createAuth has no "keys"'],
    [{ server: issuer, revocation: 1 }, 'createAuth has no "revocation"'],
    [{ server: issuer, maxStalenessSeconds: 86_401 }, 'maxStalenessSeconds must be a whole number from 1 to 86400'],
    [{ server: 'http://id.example' }, 'server must be an https URL'],
    [{ server: 'https://id.example/?a' }, 'server must have no query'],
  ])('%j are refused', (options, message) => {
    const create = () => createAuth(options as unknown as Parameters<typeof createAuth>[0])
    expect(create).toThrow(TypeError)
    expect(create).toThrow(message)
  })

  it('give guards the scopes of the roles, and the state of the cache', () => {
    const roles = defineRoles({ scopes: ['order:read'], roles: {} })
    const by = createAuth({ ...shared, roles })
    expect(by.scopes).toEqual(['order:read'])
    expect(auth.scopes).toEqual([])
    for (let i = 0; i < 4; i++) decide(`Bearer ${token}`, {}, {}, by)
    const { cache, revocationsAgeMs, problem } = by.status()
    expect(cache).toEqual({ hits: 2, misses: 2 })
    expect([revocationsAgeMs, problem]).toEqual([undefined, undefined])
  })
})
