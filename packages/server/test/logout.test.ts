/** What ends sessions by their user's wish: logout, logout everywhere, a new password. */
import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ann, ask, secret, useServer } from './server.js'

let aheadMs = 0
const server = useServer({ clock: () => Date.now() + aheadMs })
const another = 'another long passphrase'
const third = 'a third long passphrase'
let password = secret
beforeAll(async () => {
  await server.post('/v1/client/register', ann)
})

interface Pair {
  readonly token: string
  readonly refresh_token: string
}
const logIn = async (more: object = {}): Promise<Pair> =>
  (await server.post('/v1/token', { account: ann.account, secret: password, type: 100, ...more })).json
let here: Pair
let there: Pair
beforeEach(async () => {
  await server.ask('DELETE', '/v1/user/sessions', { token: (await logIn()).token })
  here = await logIn({ device: 'here' })
  there = await logIn({ device: 'there' })
})

const sidOf = ({ token }: Pair) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sid
async function codeOf({ token, refresh_token }: Pair) {
  const access = await server.ask('GET', '/v1/user', { token })
  const refresh = await server.post('/v1/token/refresh', { refresh_token })
  return [access.json.code ?? access.status, refresh.json.code ?? refresh.status]
}
const over = ['token_revoked', 'refresh_invalid']
const alive = [200, 201]

describe('the list of sessions', () => {
  it('shows each login with its device, place and times, the one that asks among them', async () => {
    const { status, json } = await server.ask('GET', '/v1/user/sessions', { token: here.token })
    expect(status).toBe(200)
    expect(json.sessions).toHaveLength(2)
    expect(json.sessions.find((one: { device: string }) => one.device === 'here')).toEqual({
      ...{ sid: sidOf(here), client_type: 100, device: 'here', address_prefix: '127.0.0.0/24', current: true },
      ...{ created_at: expect.any(Number), last_used_at: expect.any(Number), expires_at: expect.any(Number) },
    })
    expect(JSON.stringify(json)).not.toContain('lkr_')
  })

  it('is that of the user alone', async () => {
    const eve = { ...ann, account: `eve${Math.random()}@example.org` }
    await server.post('/v1/client/register', { ...eve, secret: password })
    const token = (await logIn({ account: eve.account })).token
    expect((await server.ask('GET', '/v1/user/sessions', { token })).json.sessions).toHaveLength(1)
    const { status, json } = await server.ask('DELETE', `/v1/user/sessions/${sidOf(here)}`, { token })
    expect([status, json.code]).toEqual([404, 'not_found'])
    expect(await codeOf(here)).toEqual(alive)
  })
})

describe('ending', () => {
  it('one session refuses both its tokens at once, and leaves the other', async () => {
    const answer = await server.ask('DELETE', `/v1/user/sessions/${sidOf(there)}`, { token: here.token })
    expect([answer.status, answer.json.error_code]).toEqual([202, 1])
    expect(await codeOf(there)).toEqual(over)
    expect(await codeOf(here)).toEqual(alive)
    const again = await server.ask('DELETE', `/v1/user/sessions/${sidOf(there)}`, { token: here.token })
    expect([again.status, again.json.code]).toEqual([404, 'not_found'])
  })

  it('all sessions ends the one that asks as well', async () => {
    expect((await server.ask('DELETE', '/v1/user/sessions', { token: here.token })).status).toBe(202)
    expect([await codeOf(here), await codeOf(there)]).toEqual([over, over])
  })
})

describe('revoking (RFC 7009)', () => {
  const form = (body: string) =>
    ask(server.url, 'POST', '/v1/token/revoke', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    })

  it.each(['token', 'refresh_token'] as const)('the %s ends its session, by JSON and by form', async (which) => {
    const byJson = await server.post('/v1/token/revoke', { token: here[which], token_type_hint: 'refresh_token' })
    const byForm = await form(`token=${there[which]}`)
    expect([byJson.status, byForm.status]).toEqual([200, 200])
    expect([await codeOf(here), await codeOf(there)]).toEqual([over, over])
  })

  it.each(['', 'x', 'lkr_x', `lkr_${'A'.repeat(96)}`, 'a.b.c'])(
    '%j, which is unknown, is 200 and changes nothing',
    async (token) => {
      expect((await server.post('/v1/token/revoke', { token })).status).toBe(200)
      expect(await codeOf(here)).toEqual(alive)
    },
  )

  it('a refresh token that somebody invented, checksum and all, ends nothing', async () => {
    const { makeRefreshToken, makeTagKey } = await import('../src/sessions/refresh-token.js')
    for (const sid of [sidOf(here), randomBytes(16).toString('base64url')]) {
      const { token } = makeRefreshToken({ sid, gen: 0, tagKey: makeTagKey() })
      expect((await form(`token=${token}`)).status).toBe(200)
    }
    expect(await codeOf(here)).toEqual(alive)
  })

  it('an access token that is refused since it gave way to another still ends its session', async () => {
    const body = JSON.stringify({ old_secret: password, new_secret: third })
    const headers = { 'content-type': 'application/json' }
    const next = (await server.ask('PUT', '/v1/user/secret', { token: here.token, headers, body })).json
    password = third
    expect(await codeOf({ ...next, token: here.token })).toEqual(['token_revoked', 201])
    expect((await form(`token=${here.token}`)).status).toBe(200)
    expect(await codeOf(next)).toEqual(over)
  })

  it('a token that is revoked already is 200', async () => {
    for (let i = 0; i < 3; i++) expect((await form(`token=${here.refresh_token}`)).status).toBe(200)
  })

  it.each(['', 'saml2_assertion', 'access_token refresh_token', 'x'.repeat(1000)])(
    'a token_type_hint that says nothing, as %j, changes nothing: the token is ended',
    async (token_type_hint) => {
      const byJson = await server.post('/v1/token/revoke', { token: here.token, token_type_hint })
      const byForm = await form(`${new URLSearchParams({ token: there.refresh_token, token_type_hint })}`)
      expect([byJson.status, byForm.status]).toEqual([200, 200])
      expect([await codeOf(here), await codeOf(there)]).toEqual([over, over])
    },
  )

  it('a token that has expired is 200, and the login that it was of goes on until it expires as well', async () => {
    aheadMs += 7200_000
    expect((await server.ask('GET', '/v1/user', { token: here.token })).json.code).toBe('token_expired')
    for (const token_type_hint of ['access_token', 'nonsense']) {
      const { status, json } = await server.post('/v1/token/revoke', { token: here.token, token_type_hint })
      expect([status, json]).toEqual([200, {}])
    }
    const next = await server.post('/v1/token/refresh', { refresh_token: here.refresh_token })
    expect(next.status).toBe(201)
    aheadMs += 31 * 86_400_000
    const { refresh_token } = next.json
    expect((await server.post('/v1/token/refresh', { refresh_token })).json.code).toBe('refresh_invalid')
    expect((await form(`token=${refresh_token}`)).status).toBe(200)
  })

  it.each(['', 'token=a&token=b', 'tok=a', 'token'])(
    'refuses the form %j as OAuth libraries read refusals',
    async (body) => {
      const { status, json, headers } = await form(body)
      expect([status, json.error, json.code]).toEqual([400, 'invalid_request', 'parameter_invalid'])
      expect(typeof json.error_description).toBe('string')
      expect(headers.get('content-type')).toBe('application/json')
    },
  )
})

describe('a new password', () => {
  const change = (pair: Pair, body: object) =>
    server.ask('PUT', '/v1/user/secret', {
      token: pair.token,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  it('ends the other sessions, gives this one a new pair, and is what logs in from now on', async () => {
    const { status, json } = await change(here, { old_secret: password, new_secret: another })
    expect(status).toBe(200)
    expect(await codeOf(there)).toEqual(over)
    expect((await server.ask('GET', '/v1/user', { token: here.token })).json.code).toBe('token_revoked')
    expect(sidOf(json)).toBe(sidOf(here))
    expect((await server.ask('GET', '/v1/user', { token: json.token })).status).toBe(200)
    expect((await server.post('/v1/token/refresh', { refresh_token: json.refresh_token })).status).toBe(201)
    const old = await server.post('/v1/token', { account: ann.account, secret: password, type: 100 })
    expect(old.json.code).toBe('auth_failed')
    password = another
    expect((await logIn()).token).toBeDefined()
  })

  it('needs the old one, and a wrong one changes nothing', async () => {
    const { status, json, headers } = await change(here, { old_secret: 'not it at all', new_secret: 'x'.repeat(20) })
    expect([status, json.code, headers.get('www-authenticate')]).toEqual([
      401,
      'auth_failed',
      'Bearer realm="latchkey"',
    ])
    expect([await codeOf(here), await codeOf(there)]).toEqual([alive, alive])
  })

  it.each([
    ['short', 'new_secret'],
    ['password1', 'new_secret'],
    [() => password, 'new_secret'],
  ])('may not be one that cannot be chosen, nor the old one', async (wish, field) => {
    const new_secret = typeof wish === 'string' ? wish : wish()
    const { status, json } = await change(here, { old_secret: password, new_secret })
    expect([status, Object.keys(json.msg)]).toEqual([400, [field]])
  })

  it('of a session that was ended in between changes nothing', async () => {
    await server.ask('DELETE', `/v1/user/sessions/${sidOf(here)}`, { token: there.token })
    const { status, json } = await change(here, { old_secret: password, new_secret: 'yet another passphrase' })
    expect([status, json.code]).toEqual([401, 'token_revoked'])
    expect((await logIn()).token).toBeDefined()
  })
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
