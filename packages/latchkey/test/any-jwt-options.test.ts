/** The options of the profile `any-jwt`: what the compiler refuses, `createAuth` refuses too. */
import { createAuth, defineRoles } from 'latchkey'
import { guard } from 'latchkey/node'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { makeKeyPair } from './any-jwt/foreign-keys.js'
import { startOwnIssuer } from './any-jwt/own-issuer.js'
import { verdictOf } from './any-jwt/service.js'
import { audience, keys } from './fixtures.js'

const server = 'http://127.0.0.1:1'
const profile = 'any-jwt'
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})
const use = <One extends { close(): Promise<void> }>(one: One): One => {
  opened.push(one)
  return one
}

describe('the profile', () => {
  it('needs an audience of its own', () => {
    // @ts-expect-error missing
    expect(() => createAuth({ server, profile })).toThrow('audience must be a text that is not empty')
    expect(() => createAuth({ server, profile, audience: '' })).toThrow(TypeError)
    // @ts-expect-error one text
    expect(() => createAuth({ server, profile, audience: [audience] })).toThrow(TypeError)
  })

  it('knows no copy of revocations, and so nothing of its age', () => {
    // @ts-expect-error of Latchkey servers alone
    expect(() => createAuth({ server, profile, audience, maxStalenessSeconds: 60 })).toThrow(
      /any-jwt.*maxStalenessSeconds/,
    )
    // @ts-expect-error of Latchkey servers alone
    expect(() => createAuth({ server, profile, audience, whenStale: 'accept' })).toThrow(/any-jwt.*whenStale/)
    // @ts-expect-error of keys alone
    expect(() => createAuth({ server, profile, audience, revocations: undefined })).toThrow(/any-jwt.*revocations/)
    // @ts-expect-error not a public option
    expect(() => createAuth({ server, profile, audience, pace: {} })).toThrow(/any-jwt.*pace/)
  })

  it('belongs to a server, and is one', () => {
    // @ts-expect-error of servers alone
    expect(() => createAuth({ keys: keys.EdDSA, issuer: server, profile })).toThrow(TypeError)
    // @ts-expect-error both
    expect(() => createAuth({ keys: keys.EdDSA, server, profile, audience })).toThrow(TypeError)
    for (const wrong of ['any', 'ANY-JWT', '', null, true, ['any-jwt']]) {
      // @ts-expect-error another
      expect(() => createAuth({ server, profile: wrong, audience })).toThrow("profile must be 'any-jwt'")
    }
    // @ts-expect-error the same, of a Latchkey server
    expect(() => createAuth({ server, profile: 'latchkey', audience })).toThrow(TypeError)
  })

  it('has the other options of a Latchkey server, checked alike', () => {
    for (const wrong of [{ leewaySeconds: 301 }, { cacheEntries: -1 }, { clock: 7 }, { issuer: '' }, { roles: {} }]) {
      expect(() => createAuth({ server, profile, audience, ...wrong } as never), JSON.stringify(wrong)).toThrow(
        TypeError,
      )
    }
    const roles = defineRoles({ scopes: ['order:read'], roles: {} })
    const auth = use(createAuth({ server, profile, audience, roles, leewaySeconds: 1, cacheEntries: 1 }))
    expectTypeOf(guard<'order:read'>).toBeCallableWith(auth, 'order:read')
    // @ts-expect-error misspelt
    expect(() => guard(auth, 'order:raed')).toThrow(TypeError)
  })

  it('takes an address by https, of this machine, or by the word', () => {
    for (const wrong of [
      'http://id.example',
      'http://169.254.169.254',
      'ftp://id.example',
      'id.example',
      '',
      undefined,
      'https://a:b@id.example',
      'https://id.example?x',
      'https://id.example#x',
    ]) {
      expect(() => createAuth({ server: wrong as string, profile, audience })).toThrow(TypeError)
    }
    for (const right of ['https://127.0.0.1:1', 'http://localhost:1', 'http://[::1]:1']) {
      expect(use(createAuth({ server: right, profile, audience })).status().problem).toBeUndefined()
    }
    use(createAuth({ server: 'http://latchkey.invalid', profile, audience, allowHttp: true }))
  })

  it('is never chosen by what is found: without it a foreign issuer is refused', async () => {
    const issuer = use(await startOwnIssuer([makeKeyPair('EdDSA').publicJwk]))
    const auth = use(createAuth({ server: issuer.url }))
    for (let i = 0; i < 200 && auth.status().problem === undefined; i++)
      await new Promise((done) => setTimeout(done, 10))
    expect(auth.status().problem).toContain('must answer 200, not 404')
    expect(issuer.paths).not.toContain('/keys')
  })

  it('honours the leeway for exp alone', async () => {
    const pair = makeKeyPair('EdDSA')
    const issuer = use(await startOwnIssuer([pair.publicJwk]))
    const clock = () => 1000_000
    const auth = use(createAuth({ server: issuer.url, profile, audience, leewaySeconds: 10, clock }))
    await auth.ready()
    const tell = (claims: object) =>
      verdictOf(
        auth,
        pair.sign({ alg: 'EdDSA', kid: pair.kid }, { iss: issuer.url, aud: audience, sub: '1', exp: 2000, ...claims }),
      )
    expect([tell({ exp: 991 }), tell({ exp: 990 }).slice(0, 17)]).toEqual(['user', '401 token_expired'])
    expect([tell({ nbf: 1000 }), tell({ nbf: 1001 }).slice(0, 17)]).toEqual(['user', '401 token_invalid'])
    expect([tell({ iat: 1060 }), tell({ iat: 1061 }).slice(0, 17)]).toEqual(['user', '401 token_invalid'])
  })

  it('ends a process that has nothing else to do', async () => {
    const { spawnSync } = await import('node:child_process')
    const code = `import { createAuth } from 'latchkey'
      createAuth({ server: '${server}', profile: 'any-jwt', audience: 'a' })`
    const ended = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: import.meta.dirname,
      timeout: 15_000,
    })
    expect([ended.status, String(ended.stderr)]).toEqual([0, ''])
  })
})

describe('the user', () => {
  it('says what the token says: session, moments, and 1970 where no issue is told', async () => {
    const pair = makeKeyPair('EdDSA')
    const issuer = use(await startOwnIssuer([pair.publicJwk]))
    const auth = use(createAuth({ server: issuer.url, profile, audience, clock: () => 1000_000 }))
    await auth.ready()
    const userOf = (claims: object) => {
      const token = pair.sign(
        { alg: 'EdDSA', kid: pair.kid },
        { iss: issuer.url, aud: audience, sub: 'ann', exp: 2000, ...claims },
      )
      const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined }
      const request = { method: 'GET', url: '/', authorization: [`Bearer ${token}`], preflight: false, ...absent }
      const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
      const decision = auth.decide(request, need)
      return decision.status === undefined ? decision.user : undefined
    }
    const user = {
      uid: 'ann',
      clientType: 0,
      scopes: [],
      sid: '',
      issuedAt: new Date(0),
      expiresAt: new Date(2000_000),
    }
    expect(userOf({})).toEqual(user)
    expect(userOf({ sid: 'a session', iat: 900 })).toEqual({ ...user, sid: 'a session', issuedAt: new Date(900_000) })
    expect(userOf({ sid: 7 })).toEqual(user)
    expect([Object.isFrozen(userOf({})), Object.isFrozen(userOf({})?.scopes)]).toEqual([true, true])
  })
})

describe('a token that came before', () => {
  it('is taken by Bearer and by Basic, until it expires, and never bare', async () => {
    const pair = makeKeyPair('EdDSA')
    const issuer = use(await startOwnIssuer([pair.publicJwk]))
    let nowMs = 1000_000
    const auth = use(createAuth({ server: issuer.url, profile, audience, clock: () => nowMs }))
    await auth.ready()
    const claims = { iss: issuer.url, aud: audience, sub: 'ann', exp: 2000 }
    const token = pair.sign({ alg: 'EdDSA', kid: pair.kid }, claims)
    const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined }
    const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
    const statusOf = (...authorization: string[]) =>
      auth.decide({ method: 'GET', url: '/', authorization, preflight: false, ...absent }, need).status
    const [bearer, basic] = [`Bearer ${token}`, `Basic ${Buffer.from(`${token}:`).toString('base64')}`]
    for (let i = 0; i < 5; i++) {
      expect([bearer, basic].map((line) => statusOf(line))).toEqual([undefined, undefined])
      expect([token, `X ${token}`, `Basic ${token}`, `${bearer},`].map((line) => statusOf(line))).toEqual([
        401, 401, 401, 400,
      ])
      expect(statusOf(bearer, bearer)).toBe(400)
    }
    expect(auth.status().cache.hits).toBeGreaterThan(0)
    nowMs = 2000_000
    expect([bearer, basic].map((line) => statusOf(line))).toEqual([401, 401])
  })
})
