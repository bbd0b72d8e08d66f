/** Empty credentials open nothing, even where the database holds rows that they would fit (Flask-HTTPAuth, CVE-2026-34531). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formOf, hashArgon2id, recommendedCost } from '../src/accounts/argon2id.js'
import { makeApiKey } from '../src/api-keys/api-key.js'
import { hashCredential } from '../src/sessions/credential-text.js'
import { makeRefreshToken, makeTagKey } from '../src/sessions/refresh-token.js'
import { openStore } from '../src/store/open-store.js'
import type { SessionKind } from '../src/store/schema.js'
import type { Store } from '../src/store/store.js'
import { base64, sendForm } from './oauth/clients.js'
import { type Operation, pathOf, readOperations } from './routes/operations.js'
import { type Answer, ann, ask, useServer } from './server.js'

const server = useServer({ feedAccess: 'key' })
let store: Store
let uid: number
let guarded: readonly Operation[]
beforeAll(async () => {
  uid = Number((await server.post('/v1/client/register', ann)).json.uid)
  await server.run('user', 'role', ann.account, 'admin')
  store = await openStore(server.database.storeOptions)
  guarded = (await readOperations(server)).filter(({ isGuarded }) => isGuarded)
  expect(guarded.length).toBeGreaterThan(10)
})
afterAll(() => store.close())

async function forceIdentity(account: string, secret: string): Promise<void> {
  const secret_hash = await hashArgon2id(Buffer.from(secret), recommendedCost)
  const row = { uid, client_type: 100, account, secret_hash, secret_form: formOf(recommendedCost) }
  await store.transaction((t) =>
    t
      .insertInto('identities')
      .values({ ...row, created_at: store.now() })
      .execute(),
  )
}

async function forceSession(kind: SessionKind, sid: string, cur_hash: Buffer, tag_key = makeTagKey()): Promise<void> {
  const later = store.now() + 86_400
  const row = {
    ...{ sid, uid, kind, client_type: kind === 'key' ? 300 : 100, gen: 0, min_gen: 0, rev: 0, cur_hash },
    ...{ tag_key: kind === 'key' ? null : tag_key, created_at: store.now(), access_exp: 0 },
    ...{ idle_until: later, absolute_until: later },
  }
  await store.transaction((t) => t.insertInto('sessions').values(row).execute())
}

const lines = [
  '',
  'Bearer',
  'Bearer ',
  'Basic',
  'Basic ',
  'Basic Og==',
  'Basic OnB3',
  `Basic ${base64(' : ')}`,
  undefined,
]
const headersOf = (line: string | undefined) => (line === undefined ? undefined : { authorization: line })
const json = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(server.url, method, path, {
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

/** What no guard stands before: each with nothing in the place of its credentials. */
const withoutGuard: [string, () => Promise<Answer>][] = [
  ...['', ' ', '\t', '\u200b', '\0'].flatMap((blank): [string, () => Promise<Answer>][] => [
    [
      `a login with ${JSON.stringify(blank)}`,
      () => server.post('/v1/token', { account: blank, secret: '', type: 100 }),
    ],
    [`a key of ${JSON.stringify(blank)}`, () => server.post('/v1/token', { account: blank, secret: '', type: 300 })],
    [
      `a key of '' that is ${JSON.stringify(blank)}`,
      () => server.post('/v1/token', { account: '', secret: blank, type: 300 }),
    ],
    [`a refresh of ${JSON.stringify(blank)}`, () => server.post('/v1/token/refresh', { refresh_token: blank })],
    [`a question about ${JSON.stringify(blank)}`, () => server.post('/v1/token/secret', { token: blank })],
  ]),
  ['a login without an account', () => server.post('/v1/token', { secret: '', type: 100 })],
  ['a login with nothing', () => server.post('/v1/token', { account: null, secret: null, type: 100 })],
  ...['lkr_', 'lkk_'].flatMap((prefix): [string, () => Promise<Answer>][] => [
    [`a refresh of ${prefix}`, () => server.post('/v1/token/refresh', { refresh_token: prefix })],
    [`a key that is ${prefix}`, () => server.post('/v1/token', { account: '', secret: prefix, type: 300 })],
  ]),
]

const grant = { grant_type: 'client_credentials' }
const clientForms: Record<string, string>[] = [
  {},
  { client_id: '', client_secret: '' },
  { client_id: ' ', client_secret: ' ' },
  { client_secret: 'lkk_' },
]

async function expectClosed(): Promise<void> {
  for (const [way, enter] of withoutGuard) {
    const { status } = await enter()
    expect([way, status === 400 || status === 401]).toEqual([way, true])
  }
  for (const form of clientForms) {
    expect((await sendForm(server.url, '/oauth/token', { ...grant, ...form })).status).toBe(401)
    expect((await sendForm(server.url, '/v1/token/introspect', { token: 'x', ...form })).status).toBe(401)
  }
  for (const line of lines) {
    const headers = headersOf(line)
    expect([line, (await sendForm(server.url, '/oauth/token', grant, headers)).status]).toEqual([line, 401])
    expect([line, (await ask(server.url, 'GET', '/v1/revocations', { headers: headers ?? {} })).status]).toEqual([
      line,
      401,
    ])
    for (const operation of guarded) {
      const { method, path, route } = operation
      const answer = await json(method, pathOf(operation), path.endsWith('introspect') ? { token: 'x' } : {}, headers)
      expect([line, route, answer.status]).toEqual([line, route, 401])
    }
  }
}

it('rows that are forced in like this let in who has what fits them', async () => {
  await forceIdentity('forced@example.org', 'x')
  expect((await server.post('/v1/token', { account: 'forced@example.org', secret: 'x', type: 100 })).status).toBe(201)
  const { id, key, hash } = makeApiKey()
  await forceSession('key', id, hash)
  expect((await server.post('/v1/token', { account: id, secret: key, type: 300 })).status).toBe(201)
  const [{ id: sid }, tagKey] = [makeApiKey(), makeTagKey()]
  const refresh = makeRefreshToken({ sid, gen: 0, tagKey })
  await forceSession('login', sid, refresh.hash, tagKey)
  expect((await server.post('/v1/token/refresh', { refresh_token: refresh.token })).status).toBe(201)
})

describe('with an identity of the account that is empty, and of the empty secret', () => {
  beforeAll(() => forceIdentity('', ''))
  it('every way in is closed to empty credentials', expectClosed)
})

describe.each(['login', 'key'] as const)(
  'with a session of kind %s whose sid is empty, and whose hash is that of nothing',
  (kind) => {
    beforeAll(() => forceSession(kind, '', hashCredential('')))
    afterAll(() => store.transaction((t) => t.deleteFrom('sessions').where('sid', '=', '').execute()))

    it('every way in is closed to empty credentials', expectClosed)

    it('revoking nothing ends nothing, and nothing is not active', async () => {
      for (const token of ['', ' ', 'lkr_', 'lkk_']) {
        expect((await server.post('/v1/token/revoke', { token })).status).toBe(200)
        const { json: said } = await json(
          'POST',
          '/v1/token/introspect',
          { token },
          { authorization: `Bearer ${await server.logIn()}` },
        )
        expect(said).toEqual({ active: false })
      }
      const row = await store.db
        .selectFrom('sessions')
        .select(['ended_at', 'rev'])
        .where('sid', '=', '')
        .executeTakeFirst()
      expect(row).toEqual({ ended_at: null, rev: 0 })
    })
  },
)

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
