/** The main job: register, log in, use the token; and every route of the API as DESIGN section 8 has it. */
import { verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ann, secret, useServer } from './server.js'

// Three hundred register at once here, and log in from anywhere.
const server = useServer({ audiences: ['orders'], limits: { registrationsPerPrefix: 0 }, trustedProxies: 1 })
/** A hundred and two are hashed. */
const slow = { timeout: 60_000 }
const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

describe('registering', () => {
  it('answers 201 with the uid, a decimal text, and exactly the members that clients know', async () => {
    const { status, json, headers } = await server.post('/v1/client/register', ann)
    expect({ status, json }).toEqual({
      status: 201,
      json: { uid: '1', msg: 'ok', error_code: 0, request: 'POST /v1/client/register' },
    })
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('refuses an account that exists, in any spelling, with 409', async () => {
    const { status, json } = await server.post('/v1/client/register', { ...ann, account: 'ANN@Example.org' })
    expect({ status, code: json.code, error_code: json.error_code }).toEqual({
      ...{ status: 409, code: 'account_exists', error_code: 1012 },
    })
  })

  it('makes one user of many registrations at the same moment', async () => {
    const form = { ...ann, account: 'race@example.org' }
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.post('/v1/client/register', form)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)])
  })

  it('lets two users have one nickname', async () => {
    expect((await server.post('/v1/client/register', { ...ann, account: 'anna@example.org' })).status).toBe(201)
  })
})

describe('logging in', () => {
  it('answers 201 with a pair of tokens, and nothing else', async () => {
    const { status, json, headers } = await server.post('/v1/token', { account: ann.account, secret, type: 100 })
    expect(status).toBe(201)
    expect(json).toEqual({
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]{86}$/),
      token_type: 'Bearer',
      expires_in: 7200,
      refresh_token: expect.stringMatching(/^lkr_[\w-]{96}$/),
      refresh_expires_in: 30 * 24 * 3600,
      scope: 'user:read user:write',
      uid: '1',
    })
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('signs with a key that the key set publishes, and carries issuer and audiences', async () => {
    const [header, payload, signature] = (await server.logIn()).split('.') as [string, string, string]
    const { alg, kid, typ } = JSON.parse(Buffer.from(header, 'base64url').toString())
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const { json, headers } = await server.ask('GET', '/.well-known/jwks.json')
    const key = json.keys.find((one: { kid: string }) => one.kid === kid)
    expect({ alg, typ }).toEqual({ alg: 'EdDSA', typ: 'at+jwt' })
    const signed = Buffer.from(`${header}.${payload}`)
    expect(verify(null, signed, { key, format: 'jwk' }, Buffer.from(signature, 'base64url'))).toBe(true)
    expect(claims).toMatchObject({ iss: 'http://localhost:4000', aud: ['http://localhost:4000', 'orders'], sub: '1' })
    expect(json.keys).toHaveLength(2)
    expect(JSON.stringify(json)).not.toContain('"d"')
    expect(headers.get('cache-control')).toBe('public, max-age=300')
  })

  it('cuts scope and audience to what is asked for', async () => {
    const form = { account: ann.account, secret, type: 100, scope: 'user:read', audience: ['orders'], device: 'phone' }
    const { json } = await server.post('/v1/token', form)
    const claims = JSON.parse(Buffer.from(json.token.split('.')[1], 'base64url').toString())
    expect([json.scope, claims.scope, claims.aud]).toEqual(['user:read', 'user:read', ['orders']])
  })

  it('takes any spelling of an account, and texts that only look like it for others', async () => {
    const register = (account: string) => server.post('/v1/client/register', { ...ann, account })
    const logIn = (account: string) => server.post('/v1/token', { account, secret, type: 100 })
    const composed = 'jos\u00e9@example.org'
    const decomposed = 'jose\u0301@example.org'
    const { uid } = (await register(composed)).json
    for (const same of [
      composed,
      decomposed,
      composed.toUpperCase(),
      decomposed.toUpperCase(),
      'JosE\u0301@Example.org',
    ]) {
      expect([same, (await logIn(same)).json.uid]).toEqual([same, uid])
      expect([same, (await register(same)).json.code]).toEqual([same, 'account_exists'])
    }
    for (const same of ['ANN@EXAMPLE.ORG', 'Ann@example.org']) expect((await logIn(same)).json.uid).toBe('1')
    // What Unicode calls compatible (NFKC) is another account: a full-width letter, a ligature; and so is one without the accent.
    await register('fi@example.org')
    for (const other of ['\uff41nn@example.org', '\ufb01@example.org', 'jose@example.org']) {
      expect([other, (await logIn(other)).json.code]).toEqual([other, 'auth_failed'])
      const registered = await register(other)
      expect([other, registered.status]).toEqual([other, 201])
      for (const same of [other, other.toUpperCase()]) {
        // In upper case the ligature is two letters.
        const owner = same === 'FI@EXAMPLE.ORG' ? (await logIn('fi@example.org')).json.uid : registered.json.uid
        expect([same, (await logIn(same)).json.uid]).toEqual([same, owner])
      }
    }
    // What is around it belongs to it, and what cannot be seen, or stands for the @, is in none.
    for (const none of [' ann@example.org', 'ann@example.org ', 'a\u200bnn@example.org', 'ann\uff20example.org']) {
      expect([none, (await logIn(none)).json.code]).toEqual([none, 'auth_failed'])
      expect([none, Object.keys((await register(none)).json.msg)]).toEqual([none, ['account']])
    }
  })

  it('gives one answer for a wrong secret and an unknown account', async () => {
    const wrong = await server.post('/v1/token', { account: ann.account, secret: 'wrong passphrase', type: 100 })
    const unknown = await server.post('/v1/token', { account: 'nobody@example.org', secret, type: 100 })
    expect(wrong.status).toBe(401)
    expect(wrong.json).toMatchObject({ code: 'auth_failed', error_code: 1005, msg: 'authorization failed' })
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer realm="latchkey"')
    expect(unknown.text).toBe(wrong.text)
    expect(unknown.headers.get('www-authenticate')).toBe(wrong.headers.get('www-authenticate'))
  })

  it('answers 503 with Retry-After when too many wait, and goes on with guarded routes meanwhile', slow, async () => {
    const token = await server.logIn()
    const newcomer = (i: number) => ({ ...ann, account: `newcomer${i}@example.org` })
    const answers = Array.from({ length: 300 }, (_, i) => server.post('/v1/client/register', newcomer(i)))
    expect((await server.ask('GET', '/v1/user', { token })).status).toBe(200)
    const busy = (await Promise.all(answers)).filter(({ status }) => status !== 201)
    expect(busy.length).toBeGreaterThan(0)
    for (const { status, json, headers } of busy) {
      expect([status, json.code, json.error_code]).toEqual([503, 'busy', 1011])
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    }
  })

  it('answers so to logins as well, each of another account and from another place', slow, async () => {
    const token = await server.logIn()
    const isOwner = (i: number) => i % 100 === 0
    const answers = Array.from({ length: 300 }, (_, i) =>
      server.ask('POST', '/v1/token', {
        headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.${i >> 8}.${i & 255}.1` },
        body: JSON.stringify({ account: isOwner(i) ? ann.account : `${i}@example.org`, secret, type: 100 }),
      }),
    )
    expect((await server.ask('GET', '/v1/user', { token })).status).toBe(200)
    const settled = await Promise.all(answers)
    const busy = settled.filter(({ json }) => json.detail === 'too many logins at once')
    expect(busy.length).toBeGreaterThan(0)
    for (const { status, json, headers } of busy) {
      expect([status, json.code, json.error_code]).toEqual([503, 'busy', 1011])
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    }
    for (const [i, answer] of settled.entries()) {
      if (!busy.includes(answer)) expect([i, answer.status]).toEqual([i, isOwner(i) ? 201 : 401])
    }
    expect(settled.length - busy.length).toBeGreaterThanOrEqual(102)
  })

  it('refuses client types that do not exist here', async () => {
    for (const type of [999, 101, 200, 201, 0, -1]) {
      for (const path of ['/v1/token', '/v1/client/register']) {
        const form = path === '/v1/token' ? { account: ann.account, secret, type } : { ...ann, type }
        const { status, json } = await server.post(path, form)
        expect([status, json.code, json.error_code]).toEqual([400, 'client_type_invalid', 1006])
      }
    }
  })
})

describe('the profile', () => {
  const profile = {
    uid: '1',
    account: ann.account,
    nickname: 'ann',
    role: 'user',
    scopes: ['user:read', 'user:write'],
    created_at: expect.any(Number),
  }

  it('comes by Bearer and by Basic, in any case of the scheme, the password half ignored', async () => {
    const token = await server.logIn()
    for (const headers of [
      { authorization: `Bearer ${token}` },
      { authorization: `bEARER ${token}` },
      basic(`${token}:`),
      basic(`${token}:anything`),
    ]) {
      const { status, json } = await server.ask('GET', '/v1/user', { headers })
      expect({ status, json }).toEqual({ status: 200, json: profile })
    }
  })

  it('answers 401 with its challenge and the code of what is wrong', async () => {
    const both = 'Bearer realm="latchkey", Basic realm="latchkey", charset="UTF-8"'
    const invalid = 'Bearer realm="latchkey", error="invalid_token", Basic realm="latchkey", charset="UTF-8"'
    const cases: [Record<string, string>, string][] = [
      [{}, both],
      [{ authorization: 'Digest abc' }, both],
      [{ authorization: 'Bearer nonsense' }, invalid],
      [{ authorization: 'Basic %%%' }, invalid],
      [{ authorization: `Bearer lkr_${'a'.repeat(96)}` }, invalid],
      [{ authorization: `Bearer ${`${await server.logIn()}`.slice(0, -2)}` }, invalid],
    ]
    for (const [headers, challenge] of cases) {
      const { status, json, headers: answered } = await server.ask('GET', '/v1/user', { headers })
      expect([status, json.code, json.error_code, json.request]).toEqual([401, 'token_invalid', 1002, 'GET /v1/user'])
      expect(answered.get('www-authenticate')).toBe(challenge)
      expect(answered.get('content-type')).toBe('application/problem+json')
    }
  })

  it('takes a new nickname', async () => {
    const token = await server.logIn()
    const headers = { 'content-type': 'application/json' }
    const { status, json } = await server.ask('PATCH', '/v1/user', { token, headers, body: '{"nickname":"  Änn "}' })
    expect({ status, json }).toEqual({ status: 200, json: { ...profile, nickname: 'Änn' } })
    await server.ask('PATCH', '/v1/user', { token, headers, body: '{"nickname":"ann"}' })
    const long = await server.ask('PATCH', '/v1/user', { token, headers, body: '{"nickname":"x"}' })
    expect([long.status, long.json.msg]).toEqual([400, { nickname: ['must be 2 to 24 characters long'] }])
  })

  it('checks the token before the body', async () => {
    const { status } = await server.ask('PATCH', '/v1/user', { body: 'x'.repeat(100) })
    expect(status).toBe(401)
  })
})

describe('what a token says', () => {
  it('is its uid, scope, and both moments in epoch seconds', async () => {
    const token = await server.logIn()
    const claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
    const { status, json, headers } = await server.post('/v1/token/secret', { token })
    expect({ status, json }).toEqual({
      status: 200,
      json: { uid: '1', scope: 'user:read user:write', create_at: claims.iat, expire_in: claims.exp },
    })
    expect(json.expire_in - json.create_at).toBe(7200)
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('is refused as a guard refuses, for anything but a good access token', async () => {
    const { json } = await server.post('/v1/token', { account: ann.account, secret, type: 100 })
    for (const token of ['', 'nonsense', json.refresh_token, `${json.token}x`, json.token.replace(/^../, 'xx')]) {
      const refused = await server.post('/v1/token/secret', { token })
      expect([refused.status, refused.json.code]).toEqual([401, 'token_invalid'])
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="latchkey", error="invalid_token"')
    }
  })
})

describe('deleting', () => {
  it('answers 202, hides the user, refuses its logins, and frees the account', async () => {
    const gone = { ...ann, account: 'gone@example.org' }
    const { json } = await server.post('/v1/client/register', gone)
    const token = await server.logIn(gone.account)
    const deleted = await server.ask('DELETE', '/v1/user', { token })
    expect([deleted.status, deleted.json]).toEqual([202, { msg: 'ok', error_code: 1, request: 'DELETE /v1/user' }])
    const login = await server.post('/v1/token', { account: gone.account, secret, type: 100 })
    expect([login.status, login.json.code]).toEqual([401, 'auth_failed'])
    const again = await server.post('/v1/client/register', gone)
    expect(again.status).toBe(201)
    expect(again.json.uid).not.toBe(json.uid)
  })
})

describe('other users', () => {
  it('are closed to a user without the scope: 403 naming it', async () => {
    const token = await server.logIn()
    for (const [method, scope] of [
      ['GET', 'user:read:any'],
      ['DELETE', 'user:delete:any'],
    ] as const) {
      const { status, json, headers } = await server.ask(method, '/v1/user/1', { token })
      expect([status, json.code, json.error_code, json.request]).toEqual([
        403,
        'forbidden',
        1004,
        `${method} /v1/user/1`,
      ])
      expect(headers.get('www-authenticate')).toBe(
        `Bearer realm="latchkey", error="insufficient_scope", scope="${scope}"`,
      )
    }
  })
})

describe('everything else', () => {
  it('answers 404 http_error for a path that is none, the trailing slash included', async () => {
    for (const path of ['/', '/v1', '/v1/user/', '/v1/token/', '/v1/user/1/x', '/v1/super_user', '/V1/user', '/%zz']) {
      const { status, json } = await server.ask('GET', path)
      expect([path, status, json.code, json.error_code]).toEqual([path, 404, 'http_error', 1007])
      expect(json.request).toBe(`GET ${path}`)
    }
  })

  it('says that it lives', async () => {
    const { status, json } = await server.ask('GET', '/healthz')
    expect([status, json]).toEqual([200, { status: 'ok' }])
  })

  it('lets nobody keep an answer that may hold a credential', async () => {
    const token = await server.logIn()
    for (const [method, path] of [
      ['GET', '/v1/user'],
      ['GET', '/v1/user/1'],
      ['GET', '/nowhere'],
      ['POST', '/v1/token'],
    ] as const) {
      expect((await server.ask(method, path, { token })).headers.get('cache-control')).toBe('no-store')
    }
  })

  it('logged nothing, since nothing here was its own fault', () => {
    expect(server.log).toEqual([])
  })
})
