/** Each route that changes something, and each refusal that matters, is one event; and no event holds a credential. */
import { readFileSync } from 'node:fs'
import { afterAll, expect, it, onTestFinished, vi } from 'vitest'
import { auditEventNames } from '../src/config/audit-event-names.js'
import { openStore } from '../src/store/open-store.js'
import type { AuditEventRow } from '../src/store/schema.js'
import type { Store } from '../src/store/store.js'
import { type Answer, ann, secret, useServer } from './server.js'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())
const server = useServer()
const document = readFileSync(new URL('../../../docs/audit.md', import.meta.url), 'utf8')
const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

async function openBeside(): Promise<Store> {
  const store = await openStore(server.database.storeOptions)
  onTestFinished(() => store.close())
  return store
}
const rowsAfter = (store: Store, id: number): Promise<AuditEventRow[]> =>
  store.db.selectFrom('audit_events').selectAll().where('id', '>', id).orderBy('id').execute()
const lastId = async (store: Store) => (await rowsAfter(store, 0)).at(-1)?.id ?? 0

interface User {
  readonly account: string
  readonly uid: string
  readonly token: string
  readonly refresh_token: string
}
let count = 0
async function newUser(): Promise<User> {
  const account = `user${++count}@example.org`
  expect((await server.post('/v1/client/register', { ...ann, account })).status).toBe(201)
  const { json } = await server.post('/v1/token', { account, secret, type: 100 })
  return { account, ...json }
}
async function newAdmin(): Promise<User> {
  const { account, uid } = await newUser()
  expect(await server.run('user', 'role', uid, 'admin')).toBe(0)
  return { account, uid, ...(await server.post('/v1/token', { account, secret, type: 100 })).json }
}
const send = (token: string, method: string, path: string, body?: object): Promise<Answer> =>
  server.ask(method, path, { token, ...(body && { headers: json, body: JSON.stringify(body) }) })
const newKey = async ({ token }: User) => (await send(token, 'POST', '/v1/user/api-keys', { name: 'nightly' })).json
const sidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sid
const words = (values: Record<string, string>) => new URLSearchParams(values).toString()

type Call = () => Promise<Answer>
/** Makes what a route needs, and answers what calls it so that it does what it is for. */
const calls: Record<string, () => Promise<Call>> = {
  'POST /v1/client/register': async () => () =>
    server.post('/v1/client/register', { ...ann, account: `new${++count}@example.org` }),
  'POST /v1/token': async () => {
    const { account } = await newUser()
    return () => server.post('/v1/token', { account, secret, type: 100, device: 'phone' })
  },
  'POST /v1/token/refresh': async () => {
    const { refresh_token } = await newUser()
    return () => server.post('/v1/token/refresh', { refresh_token, scope: 'user:read' })
  },
  'POST /v1/token/secret': async () => {
    const { token } = await newUser()
    return () => server.post('/v1/token/secret', { token })
  },
  'POST /oauth/token': async () => {
    const { id, key } = await newKey(await newUser())
    const body = words({ grant_type: 'client_credentials', client_id: id, client_secret: key })
    return () => server.ask('POST', '/oauth/token', { headers: form, body })
  },
  'POST /v1/token/revoke': async () => {
    const { token } = await newUser()
    return () => server.ask('POST', '/v1/token/revoke', { headers: form, body: words({ token }) })
  },
  'POST /v1/token/introspect': async () => {
    const [{ token }, user] = [await newAdmin(), await newUser()]
    return () => send(token, 'POST', '/v1/token/introspect', { token: user.token })
  },
  'DELETE /v1/user/sessions': async () => {
    const { token } = await newUser()
    return () => send(token, 'DELETE', '/v1/user/sessions')
  },
  'DELETE /v1/user/sessions/{sid}': async () => {
    const { token } = await newUser()
    return () => send(token, 'DELETE', `/v1/user/sessions/${sidOf(token)}`)
  },
  'PUT /v1/user/secret': async () => {
    const { token } = await newUser()
    return () => send(token, 'PUT', '/v1/user/secret', { old_secret: secret, new_secret: 'another long passphrase' })
  },
  'POST /v1/user/api-keys': async () => {
    const { token } = await newUser()
    return () => send(token, 'POST', '/v1/user/api-keys', { name: 'weekly' })
  },
  'DELETE /v1/user/api-keys/{id}': async () => {
    const user = await newUser()
    const { id } = await newKey(user)
    return () => send(user.token, 'DELETE', `/v1/user/api-keys/${id}`)
  },
  'PATCH /v1/user': async () => {
    const { token } = await newUser()
    return () => send(token, 'PATCH', '/v1/user', { nickname: 'another' })
  },
  'DELETE /v1/user': async () => {
    const { token } = await newUser()
    return () => send(token, 'DELETE', '/v1/user')
  },
  'DELETE /v1/admin/sessions': async () => {
    const [{ token }, { uid }] = [await newAdmin(), await newUser()]
    return () => send(token, 'DELETE', `/v1/admin/sessions?user=${uid}`)
  },
  'DELETE /v1/admin/sessions/{sid}': async () => {
    const [{ token }, user] = [await newAdmin(), await newUser()]
    return () => send(token, 'DELETE', `/v1/admin/sessions/${sidOf(user.token)}`)
  },
  'DELETE /v1/user/{uid}': async () => {
    const [{ token }, { uid }] = [await newAdmin(), await newUser()]
    return () => send(token, 'DELETE', `/v1/user/${uid}`)
  },
}

/** The lines of a table of the page: first and second cell. */
function tableUnder(heading: string): [string, string][] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] as string
  const lines = [...section.matchAll(/^\| (.+?) \| (.+?) \|$/gm)].map(([, one, other]) => [one, other])
  return lines.slice(1) as [string, string][]
}
const documented = new Map(tableUnder('Routes'))
const eventsUnder = (heading: string) =>
  tableUnder(heading).flatMap(([cell]) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name as string))

it('the events of docs/audit.md are those that there are, and webhooks can ask for', () => {
  expect([...eventsUnder('Changes'), ...eventsUnder('Refusals')].sort()).toEqual([...auditEventNames].sort())
})

it('each route that is no GET stands in the table of docs/audit.md, and writes the event that stands there, once', {
  timeout: 120_000,
}, async () => {
  const { paths } = (await server.ask('GET', '/openapi.json')).json as { paths: Record<string, object> }
  const routes = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => method !== 'get')
      .map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect([...documented.keys()].sort()).toEqual([...routes].sort())
  const store = await openBeside()
  for (const route of routes) {
    const call = await (calls[route] as () => Promise<Call>)()
    const before = await lastId(store)
    const { status } = await call()
    expect(status, route).toBeLessThan(300)
    const [, expected] = /^`(\w+)`$/.exec(documented.get(route) as string) ?? []
    const written = await rowsAfter(store, before)
    expect(
      written.map(({ event }) => event),
      route,
    ).toEqual(expected === undefined ? [] : [expected])
    for (const { outcome, actor, actor_uid, address_prefix, at } of written) {
      expect([outcome, address_prefix], route).toEqual(['done', '127.0.0.0/24'])
      expect([actor, actor_uid !== null], route).toEqual(expected === 'register' ? ['nobody', false] : ['user', true])
      expect(Math.abs(at - Date.now() / 1000), route).toBeLessThan(60)
    }
  }
})

it('routes with GET write none', async () => {
  const { paths } = (await server.ask('GET', '/openapi.json')).json as { paths: Record<string, { get?: object }> }
  const { token, uid } = await newAdmin()
  const store = await openBeside()
  const before = await lastId(store)
  for (const [path, { get }] of Object.entries(paths)) {
    const named = path.replace('{uid}', uid).replace(/(?<=admin\/sessions)$/, `?user=${uid}`)
    if (get !== undefined) expect((await send(token, 'GET', named)).status, path).toBe(200)
  }
  expect(await rowsAfter(store, before)).toEqual([])
})

it('an ordinary refresh is no event; one after the role has changed is, and one that is stolen', async () => {
  const { uid, refresh_token } = await newUser()
  const store = await openBeside()
  const refresh = async (refresh_token: string) => (await server.post('/v1/token/refresh', { refresh_token })).json
  const before = await lastId(store)
  const second = await refresh(refresh_token)
  expect(await rowsAfter(store, before)).toEqual([])
  await server.run('user', 'role', uid, 'admin')
  const third = await refresh(second.refresh_token)
  await refresh(third.refresh_token)
  expect((await refresh(refresh_token)).code).toBe('refresh_invalid')
  const written = await rowsAfter(store, before)
  expect(written.map(({ event, actor, uid, detail }) => [event, actor, uid, detail])).toEqual([
    ['role', 'operator', Number(uid), 'admin'],
    ['refresh_scopes', 'user', Number(uid), 'the role has changed'],
    ['theft', 'nobody', Number(uid), expect.any(String)],
  ])
})

it('an admin who deletes somebody else, or ends their logins, stands there as who did it', async () => {
  const [admin, user] = [await newAdmin(), await newUser()]
  const store = await openBeside()
  const before = await lastId(store)
  const sid = sidOf(user.token)
  await send(admin.token, 'DELETE', `/v1/admin/sessions/${sid}`)
  await send(admin.token, 'DELETE', `/v1/admin/sessions?user=${user.uid}`)
  await send(admin.token, 'DELETE', `/v1/user/${user.uid}`)
  const rows = await rowsAfter(store, before)
  const facts = ['user', Number(admin.uid), Number(user.uid)]
  expect(rows.map((row) => [row.event, row.sid, row.actor, row.actor_uid, row.uid])).toEqual([
    ['logout', sid, ...facts],
    ['logout_all', null, ...facts],
    ['delete', null, ...facts],
  ])
})

it('each command that changes something is one event of the operator', { timeout: 60_000 }, async () => {
  const { uid, account } = await newUser()
  const store = await openBeside()
  const kidOf = async () =>
    (await store.db.selectFrom('signing_keys').select('kid').orderBy('published_at').execute())[0]?.kid
  const commands: [string[], string][] = [
    [['user', 'role', uid, 'admin'], 'role'],
    [['user', 'disable', account], 'disable'],
    [['user', 'enable', account], 'enable'],
    [['token', 'issue', uid], 'token_issued'],
    [['key', 'rotate', '--now'], 'key_rotated'],
    [['key', 'retire', (await kidOf()) as string, '--now'], 'key_retired'],
  ]
  for (const [command, event] of commands) {
    const before = await lastId(store)
    expect(await server.run(...command), command.join(' ')).toBe(0)
    const written = await rowsAfter(store, before)
    expect(
      written.map((row) => [row.event, row.actor, row.outcome]),
      command.join(' '),
    ).toEqual([[event, 'operator', 'done']])
  }
})

it('each refusal that matters is one event, with a hash in the place of the account', { timeout: 60_000 }, async () => {
  const user = await newUser()
  const { id, key } = await newKey(user)
  const { token: keyToken } = (await server.post('/v1/token', { account: id, secret: key, type: 300 })).json
  const typed = 'my password, typed into the wrong field'
  const wrong = { account: 'A'.repeat(22), secret: 'lkk_wrong', type: 300 }
  const refusals: [string, Call, Partial<AuditEventRow>][] = [
    ['login_refused', () => server.post('/v1/token', { account: user.account, secret: 'x', type: 100 }), { uid: null }],
    ['login_refused', () => server.post('/v1/token', { account: typed, secret: 'x', type: 100 }), { uid: null }],
    ['api_key_refused', () => server.post('/v1/token', wrong), { client_type: 300 }],
    [
      'api_key_refused',
      () =>
        server.ask('POST', '/oauth/token', {
          headers: form,
          body: words({ grant_type: 'client_credentials', client_id: id, client_secret: `${key}x` }),
        }),
      { client_type: 300 },
    ],
    [
      'api_key_refused',
      () =>
        server.ask('POST', '/v1/token/introspect', {
          headers: form,
          body: words({ token: 'x', client_id: id, client_secret: `${key}x` }),
        }),
      { client_type: 300 },
    ],
    [
      'forbidden',
      () =>
        server.ask('POST', '/v1/token/introspect', {
          headers: form,
          body: words({ token: 'x', client_id: id, client_secret: key }),
        }),
      { actor_uid: Number(user.uid), detail: 'POST /v1/token/introspect' },
    ],
    [
      'forbidden',
      () => send(user.token, 'POST', '/v1/token/introspect', { token: 'x' }),
      { actor_uid: Number(user.uid), detail: 'POST /v1/token/introspect' },
    ],
    [
      'forbidden',
      () => send(user.token, 'GET', '/v1/user/1'),
      { actor_uid: Number(user.uid), detail: 'GET /v1/user/:uid' },
    ],
    [
      'forbidden',
      () => send(user.token, 'DELETE', '/v1/user/1'),
      { actor_uid: Number(user.uid), detail: 'DELETE /v1/user/:uid' },
    ],
    [
      'forbidden',
      () => send(user.token, 'GET', '/v1/admin/audit'),
      { actor_uid: Number(user.uid), detail: 'GET /v1/admin/audit' },
    ],
    [
      'forbidden',
      () => send(keyToken, 'DELETE', '/v1/user'),
      { actor_uid: Number(user.uid), detail: 'DELETE /v1/user' },
    ],
    [
      'secret_refused',
      () => send(user.token, 'PUT', '/v1/user/secret', { old_secret: 'wrong', new_secret: 'a longer passphrase' }),
      { uid: Number(user.uid) },
    ],
  ]
  const store = await openBeside()
  const hashes: (string | null)[] = []
  for (const [event, call, facts] of refusals) {
    const before = await lastId(store)
    expect((await call()).status).toBeGreaterThanOrEqual(400)
    await expect.poll(async () => (await rowsAfter(store, before)).length, { timeout: 5_000 }).toBeGreaterThan(0)
    const written = await rowsAfter(store, before)
    expect(written).toEqual([expect.objectContaining({ event, outcome: 'refused', ...facts })])
    expect(written[0]?.address_prefix).toBe('127.0.0.0/24')
    hashes.push(written[0]?.account_hash ?? null)
  }
  expect(hashes.slice(0, 5)).toEqual(Array(5).fill(expect.stringMatching(/^[A-Za-z0-9_-]{22}$/)))
  expect(hashes.slice(5)).toEqual(Array(7).fill(null))
  // The same key, and so the same hash, on every node and after every start; another account has another.
  expect(hashes[3]).toBe(hashes[4])
  expect(new Set(hashes.slice(0, 5)).size).toBe(4)
  expect(JSON.stringify(await rowsAfter(store, 0))).not.toContain(typed)
})

it('no row holds a password, a token or a key', async () => {
  const canary = 'a canary in a coal mine'
  const account = 'canary@example.org'
  await server.post('/v1/client/register', { ...ann, account, secret: canary })
  const pair = (await server.post('/v1/token', { account, secret: canary, type: 100 })).json
  const next = (await server.post('/v1/token/refresh', { refresh_token: pair.refresh_token })).json
  const { id, key } = (await send(next.token, 'POST', '/v1/user/api-keys', { name: 'canary' })).json
  const access = (await server.post('/v1/token', { account: id, secret: key, type: 300 })).json.token
  const store = await openBeside()
  const before = await lastId(store)
  for (const text of [canary, pair.token, pair.refresh_token, key]) {
    await server.post('/v1/token', { account: text, secret: text, type: 100 })
    await server.post('/v1/token', { account: text, secret: text, type: 300 })
    await server.ask('GET', `/v1/user/${encodeURIComponent(text)}`, { token: next.token })
    await server.ask('DELETE', `/v1/user/${encodeURIComponent(text)}`, { token: access })
    await send(next.token, 'DELETE', `/v1/user/sessions/${encodeURIComponent(text)}`)
    await server.ask('POST', '/v1/token', {
      headers: { ...json, 'user-agent': text, 'x-request-id': text },
      body: text,
    })
  }
  await send(next.token, 'PUT', '/v1/user/secret', { old_secret: canary, new_secret: `${canary} too` })
  // The last refusals are written by now: a token is too long for an account, and is no attempt.
  await expect.poll(async () => (await rowsAfter(store, before)).length, { timeout: 5_000 }).toBeGreaterThanOrEqual(8)
  const dump = JSON.stringify(await rowsAfter(store, 0))
  const signatures = [pair.token, next.token, access].map((token: string) => token.split('.')[2] as string)
  const opaque = [pair.refresh_token, next.refresh_token, key].map((text: string) => text.slice(30))
  for (const text of [canary, account, ...signatures, ...opaque]) expect(dump).not.toContain(text)
})

/** Each is expected by a test that causes it: */
const elsewhere = [
  ...['api_key_tokens done', 'eviction done', 'secret_and_keys done'], // audit-events.test.ts
  ...['refresh_repeated done'], // refresh.test.ts
  ...['key_rewrapped done'], // store/audit-retention.test.ts
  ...['moved done', 'restored done'], // restore.test.ts
  ...['too_many_requests refused', 'refusals_dropped refused'], // audit-flood.test.ts
]

it('the page lists each event that was written, and no other kind; all others are expected elsewhere', async () => {
  const store = await openBeside()
  const written = new Set((await rowsAfter(store, 0)).map(({ event, outcome }) => `${event} ${outcome}`))
  const listed = new Set([
    ...eventsUnder('Changes').map((event) => `${event} done`),
    ...eventsUnder('Refusals').map((event) => `${event} refused`),
  ])
  expect([...written].filter((one) => !listed.has(one))).toEqual([])
  expect([...listed].filter((one) => !written.has(one)).sort()).toEqual(elsewhere.sort())
})
