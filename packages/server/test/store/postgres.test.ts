/** What PostgreSQL alone asks of the server: to be away now and then, poolers, and users with few rights. */
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { openStore } from '../../src/store/open-store.js'
import { ann, ask, postJson, secret } from '../server.js'
import { until } from '../until.js'
import { startWireTo } from './bad-days/wire.js'
import { startWatchedNode, type WatchedNode } from './bad-storage/watched-node.js'
import { findPgbouncer, startPgbouncer } from './pgbouncer.js'
import { createPostgresDatabase, storeName, type TestDatabase } from './test-store.js'

const opened: (() => Promise<unknown>)[] = []
// Not after each: some run at the same time.
afterAll(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

const databaseOf = (databaseUrl: string): TestDatabase => ({
  storeOptions: { dataFolder: 'unused', databaseUrl },
  config: { dataFolder: 'unused', databaseUrl, secret: randomBytes(32).toString('hex'), issuer: 'https://id.example' },
  environment: {},
})
async function start(database: TestDatabase): Promise<WatchedNode> {
  const node = await startWatchedNode(database)
  opened.push(() => node.close())
  return node
}
const logIn = (url: string) => postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })

/** A way to the database that can be cut, or hang. */
async function openWireTo(databaseUrl: string) {
  const wire = await startWireTo(databaseUrl)
  opened.push(wire.close)
  return wire
}

const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }

/**
 * What a guard decides by itself (undefined: it lets the token pass), what a guarded route answers, and a question about the
 * token, when that much time has passed. The guard and the question need no database.
 */
async function statusesAfterSeconds(seconds: number, { latchkey, url }: WatchedNode, token: string) {
  const now = Date.now
  Date.now = () => now() + seconds * 1000
  try {
    const request = { method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }
    const decided = latchkey.decide(request, need)
    const guarded = await ask(url, 'GET', '/v1/user', { token })
    const asked = await postJson(url, '/v1/token/secret', { token })
    return [decided.status, guarded.status, asked.status]
  } finally {
    Date.now = now
  }
}

/** As if this process had run on for as long: its monotonic clock says so. */
async function fiveMinutesLater(work: () => Promise<void>): Promise<void> {
  const now = performance.now.bind(performance)
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 301_000)
  await work().finally(() => clock.mockRestore())
}

describe.runIf(storeName === 'PostgreSQL')('a database that goes away', () => {
  it('is 503 for what needs it, nothing for guards and keys, and heals by itself', async () => {
    const wire = await openWireTo(await createPostgresDatabase())
    const node = await start(databaseOf(wire.url))
    await postJson(node.url, '/v1/client/register', ann)
    const { token, refresh_token } = (await logIn(node.url)).json
    wire.cut()
    for (const answer of [
      await logIn(node.url),
      await ask(node.url, 'GET', '/v1/user', { token }),
      await postJson(node.url, '/v1/token/refresh', { refresh_token }),
      await postJson(node.url, '/v1/token/revoke', { token }),
      await ask(node.url, 'GET', '/v1/revocations'),
    ]) {
      expect([answer.status, answer.json.code, answer.headers.get('retry-after')]).toEqual([503, 'busy', '1'])
      expect(answer.text).not.toMatch(/ECONN|postgres|127\.0\.0\.1/)
    }
    expect(await statusesAfterSeconds(200, node, token)).toEqual([undefined, 503, 200])
    expect(await statusesAfterSeconds(301, node, token)).toEqual([503, 503, 503])
    expect((await ask(node.url, 'GET', '/.well-known/jwks.json')).status).toBe(200)
    await until(async () => (await node.reasons()).includes('database'))
    expect(await node.gaugedReasons()).toContain('database')
    expect(await node.metric('latchkey_feed_age_seconds')).toBeGreaterThan(1)
    // The guard lets it through by what it knows, and says how old that is; the profile itself is not to be had.
    expect((await ask(node.url, 'GET', '/v1/user', { token })).status).toBe(503)
    // Two of them were those of 200 seconds later.
    expect(await node.metric('latchkey_decisions_total{outcome="accepted_lagging"}')).toBe(3)
    await fiveMinutesLater(async () => {
      await until(async () => (await node.gaugedReasons()).includes('keys'))
      expect(await node.reasons()).toEqual(['database', 'keys'])
      await until(async () => node.log.includes('latchkey: no key may sign'))
    })
    expect(await node.refusals('POST', '/v1/token')).toBe(1)
    expect(await node.refusals('POST', '/v1/token/refresh')).toBe(1)
    expect(node.log.some((line) => line.startsWith('latchkey: the feed of revocations cannot be read'))).toBe(true)
    expect(node.log.some((line) => line.startsWith('latchkey: POST /v1/token failed'))).toBe(true)
    expect(node.log.join('\n')).not.toContain(new URL(wire.url).password)
    wire.mend(false)
    expect((await ask(node.url, 'GET', '/v1/user', { token })).status).toBe(200)
    // The one that was told 503 was not revoked, and its refresh token was not used.
    expect((await postJson(node.url, '/v1/token/refresh', { refresh_token })).status).toBe(201)
    await until(async () => !(await node.gaugedReasons()).includes('database'))
    expect(await node.reasons()).not.toContain('database')
    expect(await node.metric('latchkey_feed_age_seconds')).toBeLessThan(1)
    expect(node.log).toContain('latchkey: the feed of revocations is read again')
    expect(node.log).toContain('latchkey: tokens are signed again')
    expect(await node.reasons()).toEqual([])
  })

  it('stops the start with a sentence that holds no password', async () => {
    const url = `postgres://ann:the-password@127.0.0.1:1/none`
    const error = await openStore({ dataFolder: 'unused', databaseUrl: url }).catch((reason) => reason)
    expect([error.name, error.reason]).toEqual(['StartError', 'database_unreachable'])
    expect(error.message).not.toContain('the-password')
  })
})

async function open() {
  const store = await openStore({ dataFolder: 'unused', databaseUrl: await createPostgresDatabase() })
  opened.push(() => store.close())
  return store
}

describe.runIf(storeName === 'PostgreSQL')('a writing transaction', () => {
  it('is on disk when it is acknowledged, whatever the server does for others', async () => {
    const store = await open()
    const show = sql<{ synchronous_commit: string }>`show synchronous_commit`
    // The PostgreSQL of the tests is not that careful by itself.
    expect((await show.execute(store.db)).rows).toEqual([{ synchronous_commit: 'off' }])
    expect((await store.transaction((t) => show.execute(t))).rows).toEqual([{ synchronous_commit: 'on' }])
  })
})

describe.runIf(storeName === 'PostgreSQL')('what hangs', { timeout: 60_000 }, () => {
  it.concurrent('in a transaction is given up after four seconds, as busy', async () => {
    const store = await open()
    const began = performance.now()
    const hanging = store.transaction((t) => sql`select pg_sleep(15)`.execute(t))
    await expect(hanging).rejects.toMatchObject({ code: 'busy' })
    expect(performance.now() - began).toBeGreaterThan(3_900)
    expect(performance.now() - began).toBeLessThan(8_000)
    expect(await store.db.selectFrom('users').select('uid').execute()).toEqual([])
  })

  it.concurrent('since the other side vanished is given up after five seconds, and connections that stay mute are used no more', async () => {
    const wire = await openWireTo(await createPostgresDatabase())
    const node = await start(databaseOf(wire.url))
    await postJson(node.url, '/v1/client/register', ann)
    const { token, refresh_token } = (await logIn(node.url)).json
    expect(await node.gaugedReasons()).toEqual([])
    wire.hang('both')
    const began = performance.now()
    const sent = Promise.all([
      postJson(node.url, '/v1/token/refresh', { refresh_token }),
      postJson(node.url, '/v1/token/revoke', { token }),
      ask(node.url, 'GET', '/v1/revocations'),
    ])
    await until(async () => (await node.reasons()).includes('database'), 3_000)
    expect(await node.gaugedReasons()).toContain('database')
    const answers = await sent
    expect(performance.now() - began).toBeLessThan(8_000)
    for (const answer of answers) {
      expect([answer.status, answer.json.code, answer.headers.get('retry-after')]).toEqual([503, 'busy', '1'])
    }
    expect(await node.reasons()).toContain('database')
    for (const line of ['POST /v1/token/refresh failed', 'the feed of revocations cannot be read']) {
      const told = node.log.find((one) => one.startsWith(`latchkey: ${line}`))
      expect(told).toMatch(/Query read timeout|connection timeout|timeout exceeded when trying to connect/)
    }
    wire.mend(true)
    let answer = await postJson(node.url, '/v1/token/refresh', { refresh_token })
    let refused = 1
    for (const end = performance.now() + 30_000; answer.status === 503 && performance.now() < end; refused++) {
      answer = await postJson(node.url, '/v1/token/refresh', { refresh_token })
    }
    expect(answer.status).toBe(201)
    expect(await node.refusals('POST', '/v1/token/refresh')).toBe(refused)
    await until(async () => (await node.gaugedReasons()).length === 0)
    expect(await node.reasons()).toEqual([])
    expect(node.log).toContain('latchkey: the feed of revocations is read again')
  })
})

describe.runIf(storeName === 'PostgreSQL')('a user without the right to define tables', () => {
  it('is enough once the schema is there', async () => {
    const databaseUrl = await createPostgresDatabase()
    await (await openStore({ dataFolder: 'unused', databaseUrl })).close()
    const role = `app_${randomBytes(4).toString('hex')}`
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    for (const statement of [
      `create role ${role} login password 'few-rights'`,
      `grant usage on schema latchkey to ${role}`,
      `grant select, insert, update, delete on all tables in schema latchkey to ${role}`,
      'revoke create on schema public from public',
    ]) {
      await client.query(statement)
    }
    await client.end()
    const url = new URL(databaseUrl)
    Object.assign(url, { username: role, password: 'few-rights' })
    const node = await start(databaseOf(url.href))
    expect((await postJson(node.url, '/v1/client/register', ann)).status).toBe(201)
    const { json } = await logIn(node.url)
    expect((await postJson(node.url, '/v1/token/refresh', { refresh_token: json.refresh_token })).status).toBe(201)
    expect((await ask(node.url, 'DELETE', '/v1/user', { token: json.token })).status).toBe(202)
    expect(node.log).toEqual([])
  })
})

const pgbouncer = storeName === 'PostgreSQL' ? findPgbouncer() : undefined
if (storeName === 'PostgreSQL' && !pgbouncer)
  console.warn('SKIPPED pgbouncer: there is none, and it cannot be installed')
describe.runIf(pgbouncer !== undefined)('behind a transaction pooler', () => {
  it('nodes migrate at once, log in, refresh at once, revoke, and follow', async () => {
    const pooler = await startPgbouncer(pgbouncer as string, await createPostgresDatabase())
    opened.push(() => pooler.stop())
    const database = databaseOf(pooler.url)
    const [one, other] = await Promise.all([start(database), start(database)])
    await postJson(one.url, '/v1/client/register', ann)
    const { refresh_token, token } = (await logIn(one.url)).json
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => postJson((i % 2 ? one : other).url, '/v1/token/refresh', { refresh_token })),
    )
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    expect(answers[0]?.status).toBe(201)
    await ask(one.url, 'DELETE', '/v1/user/sessions', { token })
    const began = performance.now()
    while ((await ask(other.url, 'GET', '/v1/user', { token })).status !== 401) {
      if (performance.now() - began > 1000) throw new Error('still accepted after a second')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect([one.log, other.log]).toEqual([[], []])
  })
})
