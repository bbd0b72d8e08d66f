/** Reading the audit log: by commands, as export, over HTTP; filters, pages, and what somebody wrote to deceive who reads. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AuditEntry } from '../src/audit/list-events.js'
import { openStore } from '../src/store/open-store.js'
import type { Store } from '../src/store/store.js'
import { ann, runCommand, secret, useServer } from './server.js'
import { until } from './until.js'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())
const server = useServer()
const bob = { ...ann, account: 'bob@example.org' }
const root = { ...ann, account: 'root@example.org' }
let store: Store
let admin: string
const uids: Record<string, string> = {}

const command = (...words: string[]) => runCommand(server.folder, words, '', server.database.environment)
async function list(...words: string[]): Promise<AuditEntry[]> {
  const { code, out, error } = await command('audit', 'list', '--json', ...words)
  expect([code, error]).toEqual([0, ''])
  return out === '' ? [] : out.split('\n').map((line) => JSON.parse(line))
}
const names = (entries: readonly AuditEntry[]) => entries.map(({ event }) => event)
const page = (query: string, token = admin) => server.ask('GET', `/v1/admin/audit${query}`, { token })
const sealed = async () =>
  (await store.db.selectFrom('audit_events').select('id').where('seal', 'is', null).execute()).length === 0

beforeAll(async () => {
  store = await openStore(server.database.storeOptions)
  for (const one of [ann, bob, root]) {
    uids[one.account] = (await server.post('/v1/client/register', one)).json.uid
  }
  await server.run('user', 'role', root.account, 'admin')
  admin = await server.logIn(root.account)
  await server.logIn(ann.account)
  await server.post('/v1/token', { ...bob, secret: 'wrong' }).then(({ status }) => expect(status).toBe(400))
  await server.post('/v1/token', { account: 'BOB@example.org', secret: 'wrong', type: 100 })
  await server.post('/v1/token', { account: 'zoe@example.org', secret: 'wrong', type: 100 })
  await until(async () => (await list('--event', 'login_refused')).length === 2)
})
afterAll(() => store.close())

it('servers seal new rows within a second or two, and verify says that all of it holds', async () => {
  await expect.poll(sealed, { timeout: 5_000 }).toBe(true)
  const { code, out } = await command('audit', 'verify')
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(
      /^8 rows under \d seals are as they were sealed; 0 rows have no seal yet\.\nHead: \d:\S{43}$/,
    ),
  ])
  const head = out.split('Head: ')[1] as string
  const again = await command('audit', 'verify', '--head', head, '--json')
  expect([again.code, JSON.parse(again.out)]).toEqual([0, expect.objectContaining({ holds: true, rows: 8, head })])
})

describe('list', () => {
  it('prints all events in their order, with times in UTC', async () => {
    const events = await list()
    expect(names(events)).toEqual([
      ...['register', 'register', 'register', 'role', 'login', 'login', 'login_refused', 'login_refused'],
    ])
    for (const { at, seal } of events) {
      expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/)
      expect(Math.abs(Date.parse(at) - Date.now())).toBeLessThan(60_000)
      expect(seal).toBeGreaterThan(0)
    }
    const { out } = await command('audit', 'list', '--event', 'role')
    expect(out.split('\t')).toEqual([
      ...[expect.stringMatching(/Z$/), 'role', 'done', 'operator', `of ${uids[root.account]}`, ''],
      ...[expect.stringMatching(/^seal \d$/), '"admin"'],
    ])
  })

  it('takes users by account and uid, and knows the refused logins of an account that never was', async () => {
    expect(names(await list('--user', bob.account))).toEqual(['register', 'login_refused'])
    expect(await list('--user', uids[bob.account] as string)).toEqual(await list('--user', 'Bob@Example.org'))
    expect(names(await list('--user', 'zoe@example.org'))).toEqual(['login_refused'])
    expect(await list('--user', 'nobody@example.org')).toEqual([])
  })

  it('filters by event, outcome and time, and limits', async () => {
    expect(names(await list('--event', 'login'))).toEqual(['login', 'login'])
    expect(names(await list('--outcome', 'refused'))).toEqual(['login_refused', 'login_refused'])
    expect(await list('--limit', '3')).toEqual((await list()).slice(0, 3))
    const [hourAgo, soon] = [-3600_000, 3600_000].map((ms) => new Date(Date.now() + ms).toISOString()) as [
      string,
      string,
    ]
    expect(await list('--since', hourAgo, '--until', soon)).toHaveLength(8)
    expect(await list('--since', soon)).toEqual([])
    expect(await list('--until', hourAgo)).toEqual([])
    const last = (await list()).at(-1) as AuditEntry
    expect((await list('--since', last.at)).at(-1)).toEqual(last)
  })

  it('goes on after a row that an export ended with', async () => {
    const all = await list()
    for (const [i, { seal, id }] of all.entries())
      expect(await list('--after', `${seal}.${id}`)).toEqual(all.slice(i + 1))
  })

  it.each([
    [['--since', 'yesterday'], '--since must be a moment in ISO 8601'],
    [['--until', '2027-01-31T12:00:00'], '--until must be a moment'],
    [['--limit', '0'], '--limit must be'],
    [['--after', '7'], '--after must be SEAL.ID'],
    [['--outcome', 'good'], '--outcome must be done or refused'],
  ])('%j is misused, and says how it is used', async (words, text) => {
    const { code, out, error } = await command('audit', 'list', ...words)
    expect([code, out, error]).toEqual([2, '', expect.stringContaining(text)])
  })
})

describe('GET /v1/admin/audit', () => {
  it('answers what list prints, page by page', async () => {
    const all = await list()
    const seen: AuditEntry[] = []
    let query = '?limit=3'
    for (;;) {
      const { status, json } = await page(query)
      expect(status).toBe(200)
      seen.push(...json.events)
      if (!json.more) break
      query = `?limit=3&after=${json.next}`
    }
    expect(seen).toEqual(all)
    expect((await page('')).json.events).toEqual(all)
    // Nothing new: the same cursor again.
    const { next } = (await page('')).json
    expect((await page(`?after=${next}`)).json).toEqual({ events: [], next, more: false })
  })

  it('filters', async () => {
    const since = encodeURIComponent(new Date(Date.now() - 3600_000).toISOString())
    expect(names((await page(`?user=${uids[bob.account]}`)).json.events)).toEqual(['register', 'login_refused'])
    expect(names((await page(`?event=role&outcome=done&since=${since}`)).json.events)).toEqual(['role'])
    expect((await page(`?until=${since}`)).json.events).toEqual([])
  })

  it.each(['?limit=0', '?limit=1001x', '?after=x', '?user=ann', '?outcome=x', '?since=x'])(
    'refuses %s',
    async (query) => {
      const { status, json } = await page(query)
      expect([status, Object.keys(json.msg)]).toEqual([400, [query.slice(1).split('=')[0]]])
    },
  )

  it('needs the scope', async () => {
    expect((await page('', await server.logIn(ann.account))).status).toBe(403)
    expect((await server.ask('GET', '/v1/admin/audit')).status).toBe(401)
  })
})

it('is one line an event, whatever stands in it', async () => {
  const nasty = 'a\r\nb\u2028c\u0085d\u001b[31me\u202e"}\n{"event":"login"'
  const json = { 'content-type': 'application/json' }
  for (const form of [{ device: nasty }, { account: nasty }]) {
    const body = JSON.stringify({ account: ann.account, secret, type: 100, ...form })
    const { status } = await server.ask('POST', '/v1/token', { headers: json, body })
    expect(status).toBeGreaterThanOrEqual(400)
  }
  const token = await server.logIn(ann.account)
  const headers = { ...json, 'user-agent': 'a\u0085b', 'x-request-id': 'a\u0085b' }
  await server.ask('PATCH', '/v1/user', { token, headers, body: JSON.stringify({ nickname: nasty.slice(0, 20) }) })
  await server.ask('POST', '/v1/user/api-keys', { token, headers, body: JSON.stringify({ name: nasty.slice(0, 20) }) })
  // What came into the database in another way.
  await store.transaction((t) =>
    t
      .insertInto('audit_events')
      .values({ at: 1, event: nasty, outcome: 'done', detail: nasty } as never)
      .execute(),
  )
  // Refusals are written half a second later: of the account here, and of the scope above.
  await until(async () => (await list('--outcome', 'refused')).length === 4)
  await expect.poll(sealed, { timeout: 5_000 }).toBe(true)
  const count = (await store.db.selectFrom('audit_events').select('id').execute()).length
  const events = await list()
  expect(events).toHaveLength(count)
  expect(events.filter(({ detail, event }) => detail === nasty && event === nasty)).toHaveLength(1)
  for (const words of [[], ['--json']]) {
    const { out } = await command('audit', 'list', ...words)
    expect(out.split('\n')).toHaveLength(count)
    expect(out.replace(/[\t\n]/g, '')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u)
  }
})

it('a row that was changed by hand ends verify with 1, and names the row', async () => {
  await expect.poll(sealed, { timeout: 5_000 }).toBe(true)
  const [first] = await list()
  await store.transaction((t) =>
    t
      .updateTable('audit_events')
      .set({ uid: 99 })
      .where('id', '=', first?.id as number)
      .execute(),
  )
  const { code, error } = await command('audit', 'verify')
  expect([code, error]).toEqual([1, `latchkey: Row ${first?.id}, of seal ${first?.seal}, was changed`])
  const asJson = await command('audit', 'verify', '--json')
  expect([asJson.code, JSON.parse(asJson.out)]).toEqual([1, expect.objectContaining({ holds: false, row: first?.id })])
  expect((await command('audit', 'verify', '--head', 'x')).code).toBe(2)
})
