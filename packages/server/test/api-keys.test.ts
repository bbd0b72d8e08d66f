/** API keys: made by a login, exchanged for access tokens, no wider than their owner and the token that made them. */
import { randomBytes } from 'node:crypto'
import { defineRoles } from 'latchkey'
import { beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'
import { openAccounts } from '../src/create-latchkey/open-accounts.js'
import { writeCredential } from '../src/sessions/credential-text.js'
import { openStore } from '../src/store/open-store.js'
import { type Answer, ann, ask, secret, useServer } from './server.js'

const issuer = 'https://id.example'
const roles = defineRoles({
  scopes: ['order:read', 'order:cancel', 'user:read', 'user:write', 'token:introspect'],
  roles: {
    user: { allow: ['order:read', 'user:read', 'user:write'] },
    clerk: { extends: ['user'], allow: ['order:*'] },
    porter: { allow: ['order:*'], forbid: ['order:cancel'] },
    auditor: { allow: ['user:*', 'token:*'] },
    guest: { extends: ['auditor'], forbid: ['token:introspect'] },
  },
})
const config = { issuer, audiences: ['orders', 'billing'], roles }
let seconds = 0
const server = useServer({ ...config, clock: () => Date.now() + seconds * 1000 })
let uid: string
beforeAll(async () => {
  uid = (await server.post('/v1/client/register', ann)).json.uid
})

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
const logIn = async (more: object = {}) =>
  (await server.post('/v1/token', { account: ann.account, secret, type: 100, ...more })).json
const send = (token: string, method: string, path: string, body?: object): Promise<Answer> =>
  ask(server.url, method, path, {
    token,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
interface Key {
  readonly id: string
  readonly key: string
}
async function makeKey(form: object = {}, token?: string): Promise<Key & Record<string, unknown>> {
  const { status, json } = await send(token ?? (await logIn()).token, 'POST', '/v1/user/api-keys', {
    name: 'nightly report',
    ...form,
  })
  expect(status).toBe(201)
  return json
}
const exchange = ({ id, key }: Key, more: object = {}) =>
  server.post('/v1/token', { account: id, secret: key, type: 300, ...more })
/** As by the command line of a deployment that has these roles. */
async function setRole(user: string, role: string): Promise<void> {
  const argument = { ...server.database.config, ...config }
  const { accounts, store } = await openAccounts(await readConfig({ argument, environment: {}, folder: server.folder }))
  await accounts.setRole(user, role)
  await store.close()
}
/** Everything is right about it but that the server did not make it. */
const inventKey = (id: string) =>
  writeCredential('lkk_', Buffer.concat([Buffer.from(id, 'base64url'), randomBytes(34)]))
const keysOf = async () => (await send((await logIn()).token, 'GET', '/v1/user/api-keys')).json.api_keys

/** As a client without the scope: 403 for a good key, 401 for any other. */
const introspectBy = ({ id, key }: Key) =>
  server.post('/v1/token/introspect', { token: 'x', client_id: id, client_secret: key })

describe('an API key', () => {
  it('is told once, and listed without itself', async () => {
    const made = await makeKey()
    expect(made).toEqual({
      ...{ id: expect.stringMatching(/^[\w-]{22}$/), key: expect.stringMatching(/^lkk_[\w-]{72}$/) },
      ...{ name: 'nightly report', scope: 'order:read user:read user:write' },
      ...{ created_at: expect.any(Number), expires_at: (made.created_at as number) + 365 * 24 * 3600 },
      ...{ last_used_at: null, address_prefix: null },
    })
    const { key, ...entry } = made
    expect(await keysOf()).toContainEqual(entry)
    await exchange(made)
    const [used] = (await keysOf()).filter((one: Key) => one.id === made.id)
    expect(used).toEqual({ ...entry, last_used_at: expect.any(Number), address_prefix: '127.0.0.0/24' })
    expect(JSON.stringify(await keysOf())).not.toContain(key.slice(30))
  })

  it('is exchanged for an access token, again and again, and for nothing else', async () => {
    const made = await makeKey()
    seconds += 10
    for (let i = 0; i < 3; i++) {
      const { status, json, headers } = await exchange(made)
      expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
      expect(Object.keys(json).sort()).toEqual(['expires_in', 'scope', 'token', 'token_type', 'uid'])
      expect(claimsOf(json.token)).toMatchObject({
        ...{ sub: uid, sid: made.id, client_id: made.id, client_type: 300, gen: 0 },
        ...{ aud: [issuer, 'orders', 'billing'], auth_time: made.created_at },
      })
      expect((await send(json.token, 'GET', '/v1/user')).json).toMatchObject({ uid })
    }
    const refused = await send(made.key, 'GET', '/v1/user')
    expect([refused.status, refused.json.detail]).toEqual([401, 'This is an API key: exchange it at POST /v1/token'])
  })

  it.each([
    ['another id', (key: Key, other: Key) => ({ ...key, id: other.id })],
    ['a letter changed', ({ id, key }: Key) => ({ id, key: key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A') })],
    ['the text without its checksum', ({ id, key }: Key) => ({ id, key: key.slice(0, -6) })],
    ['a refresh token', ({ id }: Key) => ({ id, key: `lkr_${'A'.repeat(96)}` })],
    ['a blank at its end', ({ id, key }: Key) => ({ id, key: `${key} ` })],
    ['nothing', ({ id }: Key) => ({ id, key: '' })],
    ['an invented key of that id', ({ id }: Key) => ({ id, key: inventKey(id) })],
  ])('is refused with %s', async (_, change) => {
    const { status, json } = await exchange(change(await makeKey(), await makeKey()))
    expect([status, json.code]).toEqual([401, 'auth_failed'])
  })

  it('ends when it was told to, and when its owner ends it', async () => {
    const made = await makeKey({ expires_in: 60 })
    const { token } = (await exchange(made)).json
    expect(claimsOf(token).exp).toBeLessThanOrEqual((made.created_at as number) + 60)
    expect((await introspectBy(made)).status).toBe(403)
    seconds += 61
    expect((await introspectBy(made)).status).toBe(401)
    expect((await exchange(made)).status).toBe(401)
    expect(await keysOf()).not.toContainEqual(expect.objectContaining({ id: made.id }))

    const other = await makeKey()
    const access = (await exchange(other)).json.token
    const ended = await send((await logIn()).token, 'DELETE', `/v1/user/api-keys/${other.id}`)
    expect([ended.status, ended.json.error_code]).toEqual([202, 1])
    expect((await exchange(other)).status).toBe(401)
    expect((await send(access, 'GET', '/v1/user')).json.code).toBe('token_revoked')
    const again = await send((await logIn()).token, 'DELETE', `/v1/user/api-keys/${other.id}`)
    expect([again.status, again.json.code]).toEqual([404, 'not_found'])
  })

  it('loses nothing that it got since, when an access token is revoked that was refused before', async () => {
    const made = await makeKey()
    const before = (await exchange(made)).json.token
    const revoke = () => server.post('/v1/token/revoke', { token: before })
    expect((await revoke()).status).toBe(200)
    const since = (await exchange(made)).json.token
    expect((await revoke()).status).toBe(200)
    expect((await send(before, 'GET', '/v1/user')).json.code).toBe('token_revoked')
    expect((await send(since, 'GET', '/v1/user')).status).toBe(200)
  })

  it('ends itself, and once it has ended that is no error', async () => {
    const made = await makeKey()
    for (let i = 0; i < 2; i++) {
      const { status, json } = await server.post('/v1/token/revoke', { token: made.key })
      expect([status, json]).toEqual([200, {}])
      expect((await exchange(made)).json.code).toBe('auth_failed')
    }
  })

  it('may be exchanged fifty times at once', async () => {
    const made = await makeKey()
    const answers = await Promise.all(Array.from({ length: 50 }, () => exchange(made)))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201))
  })
})

describe('what a key may do', () => {
  it('is what its owner’s role grants at each exchange, cut to its scopes', async () => {
    const account = 'clara@example.org'
    const clara = (await server.post('/v1/client/register', { ...ann, account })).json.uid
    const { token } = await logIn({ account })
    const whole = await makeKey({}, token)
    const cut = await makeKey({ scope: 'order:*' }, token)
    const scopes = async (key: Key) => (await exchange(key)).json.scope.split(' ').sort()
    expect([await scopes(whole), await scopes(cut)]).toEqual([
      ['order:read', 'user:read', 'user:write'],
      ['order:read'],
    ])
    expect((await exchange(whole, { scope: 'user:read order:cancel' })).json.scope).toBe('user:read')
    await setRole(clara, 'clerk')
    expect([await scopes(whole), await scopes(cut)]).toEqual([
      ['order:*', 'order:read', 'user:read', 'user:write'],
      ['order:*', 'order:read'],
    ])
    await setRole(clara, 'porter')
    expect(await scopes(cut)).toEqual(['!order:cancel', 'order:*'])
    await setRole(clara, 'auditor')
    expect((await introspectBy(whole)).status).toBe(200)
    await setRole(clara, 'guest')
    expect((await introspectBy(whole)).status).toBe(403)
  })

  it('is never more than the token that made it', async () => {
    const login = await logIn({ scope: 'user:read' })
    const made = await makeKey({}, login.token)
    expect(made.scope).toBe('user:read')
    const wider = await send(login.token, 'POST', '/v1/user/api-keys', { name: 'wider', scope: 'order:read' })
    expect([wider.status, wider.json.msg]).toEqual([400, { scope: ['must hold a scope that your own token has'] }])
    expect((await makeKey({ scope: 'user:*' }, login.token)).scope).toBe('user:read')

    const { refresh_token } = await logIn()
    const narrow = (await server.post('/v1/token/refresh', { refresh_token, scope: 'user:write' })).json
    expect((await makeKey({}, narrow.token)).scope).toBe('user:write')
    const none = (await server.post('/v1/token/refresh', { refresh_token: narrow.refresh_token, scope: 'x:y' })).json
    expect(none.scope).toBe('')
    expect((await send(none.token, 'POST', '/v1/user/api-keys', { name: 'none' })).status).toBe(400)
  })

  it('is for the audiences of the login that made it, or fewer', async () => {
    const login = await logIn({ audience: [issuer, 'orders'] })
    const made = await makeKey({}, login.token)
    expect(claimsOf((await exchange(made)).json.token).aud).toEqual([issuer, 'orders'])
    expect(claimsOf((await exchange(made, { audience: ['orders'] })).json.token).aud).toEqual(['orders'])
    for (const audience of [['billing'], ['orders', 'billing'], ['elsewhere'], []]) {
      expect((await exchange(made, { audience })).json.code).toBe('parameter_invalid')
    }
  })

  it('is not to change how its owner logs in, or whether', async () => {
    const made = await makeKey()
    const { token } = (await exchange(made)).json
    const { sid } = claimsOf((await logIn()).token)
    for (const [method, path, body] of [
      ['POST', '/v1/user/api-keys', { name: 'another' }],
      ['DELETE', `/v1/user/api-keys/${made.id}`],
      ['DELETE', '/v1/user/sessions'],
      ['DELETE', `/v1/user/sessions/${sid}`],
      ['PUT', '/v1/user/secret', { old_secret: secret, new_secret: 'another long passphrase' }],
      ['DELETE', '/v1/user'],
    ] as const) {
      const { status, json, headers } = await send(token, method, path, body)
      expect([path, status, json.code, headers.get('www-authenticate')]).toEqual([path, 403, 'forbidden', null])
    }
    expect((await send(token, 'GET', '/v1/user/api-keys')).status).toBe(200)
    expect((await exchange(made)).status).toBe(201)
  })
})

describe('making a key', () => {
  it.each([
    [{ name: '' }, 'name'],
    [{ name: 'x'.repeat(65) }, 'name'],
    [{ name: 'a\nb' }, 'name'],
    [{ name: undefined }, 'name'],
    [{ scope: 'everything' }, 'scope'],
    [{ scope: '' }, 'scope'],
    [{ expires_in: 59 }, 'expires_in'],
    [{ expires_in: 315_360_001 }, 'expires_in'],
    [{ expires_in: 60.5 }, 'expires_in'],
    [{ uid: '2' }, 'uid'],
  ])('with %j is refused, and makes none', async (form, field) => {
    const before = (await keysOf()).length
    const { status, json } = await send((await logIn()).token, 'POST', '/v1/user/api-keys', { name: 'x', ...form })
    expect([status, Object.keys(json.msg)]).toEqual([400, [field]])
    expect(await keysOf()).toHaveLength(before)
  })

  it('needs a login that is live, and leaves none behind one that ended', async () => {
    expect((await server.ask('POST', '/v1/user/api-keys')).status).toBe(401)
    const account = 'bob@example.org'
    await server.post('/v1/client/register', { ...ann, account })
    const { token } = await logIn({ account })
    // All at once: the key is made before the logout, or not at all; the other logins decide nothing.
    const [made, ended] = await Promise.all([
      send(token, 'POST', '/v1/user/api-keys', { name: 'late' }),
      server.post('/v1/token/revoke', { token }),
    ])
    expect(ended.status).toBe(200)
    expect([201, 401]).toContain(made.status)
    const { status, json } = await send(token, 'POST', '/v1/user/api-keys', { name: 'later' })
    expect([status, json.code]).toEqual([401, 'token_revoked'])
  })

  it('stops at a hundred, and goes on when one has ended', async () => {
    const account = 'carl@example.org'
    await server.post('/v1/client/register', { ...ann, account })
    const { token } = await logIn({ account })
    const made = await Promise.all(
      Array.from({ length: 110 }, () => send(token, 'POST', '/v1/user/api-keys', { name: 'x' })),
    )
    const good = made.filter(({ status }) => status === 201)
    expect(good).toHaveLength(100)
    expect(made.filter(({ status }) => status === 403)).toHaveLength(10)
    await send(token, 'DELETE', `/v1/user/api-keys/${good[0]?.json.id}`)
    expect((await send(token, 'POST', '/v1/user/api-keys', { name: 'x' })).status).toBe(201)
    // Keys take no place of logins, and are none.
    expect((await send(token, 'GET', '/v1/user/sessions')).json.sessions).toHaveLength(1)
  })

  it('and ending it are events, in which it does not stand', async () => {
    const { id, key } = await makeKey({ name: 'audited' })
    const access = (await exchange({ id, key })).json
    await send((await logIn()).token, 'DELETE', `/v1/user/api-keys/${id}`)
    const store = await openStore(server.database.storeOptions)
    const revocation = await store.db.selectFrom('revocations').selectAll().where('id', '=', id).executeTakeFirst()
    // Until its last token has expired by itself, and an hour and five minutes longer.
    expect(revocation).toMatchObject({ min: 2 ** 31 - 1, expires_at: claimsOf(access.token).exp + 3900 })
    const events = await store.db.selectFrom('audit_events').selectAll().where('sid', '=', id).orderBy('id').execute()
    const row = await store.db.selectFrom('sessions').selectAll().where('sid', '=', id).executeTakeFirstOrThrow()
    await store.close()
    expect(events.map(({ event }) => event)).toEqual(['api_key_made', 'api_key_exchanged', 'api_key_ended'])
    expect(JSON.stringify([events, { ...row, cur_hash: row.cur_hash?.toString('hex') }])).not.toContain(key.slice(4))
  })
})

it('nobody makes one for somebody else, ends it or sees it', async () => {
  const account = 'eve@example.org'
  await server.post('/v1/client/register', { ...ann, account })
  const { token } = await logIn({ account })
  const anns = await makeKey()
  expect((await send(token, 'GET', '/v1/user/api-keys')).json).toEqual({ api_keys: [] })
  expect((await send(token, 'DELETE', `/v1/user/api-keys/${anns.id}`)).status).toBe(404)
  expect((await exchange(anns)).status).toBe(201)
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
