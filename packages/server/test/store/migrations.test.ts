/** A migration that was stopped, two versions side by side, and databases of earlier versions. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { migrations } from '../../src/store/migrations/index.js'
import { openStore } from '../../src/store/open-store.js'
import { ann, ask, postJson, secret, temporaryFolder } from '../server.js'
import { startProcess } from '../start-process.js'
import { startWatchedNode, type WatchedNode } from './bad-storage/watched-node.js'
import { makeOldDatabase } from './migrations/old-database.js'
import { createTestDatabase, storeName, type TestDatabase } from './test-store.js'

const folder = temporaryFolder()
let count = 0
function newFolder(): string {
  const own = join(folder, String(++count))
  mkdirSync(own)
  return own
}
async function start(database: TestDatabase): Promise<WatchedNode> {
  const node = await startWatchedNode(database, { issuer: 'https://id.example' })
  onTestFinished(node.close)
  return node
}
const logIn = (url: string) => postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })
const refresh = (url: string, refresh_token: string) => postJson(url, '/v1/token/refresh', { refresh_token })

describe('a migration', { timeout: 90_000 }, () => {
  const program = fileURLToPath(new URL('migrations/killed-migration.mjs', import.meta.url))
  async function killInTheMiddle({ storeOptions }: TestDatabase): Promise<void> {
    const { ended, output } = startProcess(process.execPath, [program, JSON.stringify(storeOptions)], { folder })
    expect([await ended, output]).toEqual(['SIGKILL', { out: 'rows: 1', error: '' }])
  }

  it('that is killed in the middle leaves nothing half done: the next start makes it whole', async () => {
    const database = await createTestDatabase(newFolder())
    async function expectWhole(): Promise<void> {
      const store = await openStore(database.storeOptions)
      onTestFinished(() => store.close())
      const tables = (await store.db.introspection.getTables()).map(({ name }) => name)
      expect(tables).toContain('sessions')
      expect(tables).not.toContain('half_done')
    }
    await killInTheMiddle(database)
    await expectWhole()
    const node = await start(database)
    await postJson(node.url, '/v1/client/register', ann)
    expect((await logIn(node.url)).status).toBe(201)
    // The same of a database that is in use.
    await killInTheMiddle(database)
    expect((await logIn(node.url)).status).toBe(201)
    await expectWhole()
    expect((await logIn((await start(database)).url)).status).toBe(201)
    expect(node.log).toEqual([])
  })

  it('of a newer version beside servers of this one: both go on, and neither loses what the other wrote', async () => {
    const database = await createTestDatabase(newFolder())
    const old = await start(database)
    await postJson(old.url, '/v1/client/register', ann)
    const before = (await logIn(old.url)).json
    // As the next version would, from another process, while this one serves.
    const store = await openStore(database.storeOptions)
    onTestFinished(() => store.close())
    const table = sql.table(storeName === 'PostgreSQL' ? 'latchkey.sessions' : 'sessions')
    const adding = store.transaction(async (transaction) => {
      await sql`alter table ${table} add column of_the_future text`.execute(transaction)
      const log = storeName === 'PostgreSQL' ? 'latchkey.latchkey_migrations' : 'latchkey_migrations'
      await sql`insert into ${sql.table(log)} values ('9999-of-the-future', 0, 0)`.execute(transaction)
    })
    const during = await refresh(old.url, before.refresh_token)
    await adding
    expect(during.status).toBe(201)
    await store.transaction((transaction) => sql`update ${table} set of_the_future = 'kept'`.execute(transaction))
    expect((await refresh(old.url, during.json.refresh_token)).status).toBe(201)
    const { rows } = await sql`select gen, of_the_future from ${table}`.execute(store.db)
    expect(rows).toEqual([{ gen: 2, of_the_future: 'kept' }])
    // Another one of this version, as when a machine is restarted before it is its turn.
    const again = await start(database)
    const pair = (await logIn(again.url)).json
    expect((await refresh(old.url, pair.refresh_token)).status).toBe(201)
    expect((await postJson(again.url, '/v1/token/revoke', { token: pair.token })).status).toBe(200)
    await pause(1_000)
    expect((await ask(old.url, 'GET', '/v1/user', { token: pair.token })).status).toBe(401)
    expect([await old.reasons(), await again.reasons()]).toEqual([[], []])
  })
})

describe('a database of an earlier version', () => {
  const [issuer, masterSecret] = ['https://id.example', 'a secret of more than thirty-two bytes']
  // Since then there are the feed, the limits, and the columns of the audit log.
  it.each(migrations.slice(0, 3).map(({ name }, i) => [name, i + 1] as const))(
    'that has had %s and no later one opens, and its tokens follow the rules of today',
    async (_, applied) => {
      const database = await createTestDatabase(newFolder())
      const { storeOptions } = database
      const old = await makeOldDatabase(storeOptions, applied, { secret: masterSecret, issuer })
      const node = await startWatchedNode(database, { issuer, secret: masterSecret })
      onTestFinished(node.close)
      const codeOf = async (token: string) => (await ask(node.url, 'GET', '/v1/user', { token })).json.code
      const refreshCode = async (token: string) => (await refresh(node.url, token)).json.code
      const [first, second] = old.sessions

      // What was good is.
      for (const { token } of old.sessions) expect(await codeOf(token)).toBeUndefined()
      const exchange = { account: old.apiKey.id, secret: old.apiKey.key, type: 300 }
      expect((await postJson(node.url, '/v1/token', exchange)).status).toBe(201)
      const next = (await refresh(node.url, first.refreshToken)).json
      expect(await codeOf(next.token)).toBeUndefined()
      const last = await refresh(node.url, next.refresh_token)
      expect(last.status).toBe(201)

      // Used after the upgrade, and before it.
      expect(await refreshCode(first.refreshToken)).toBe('refresh_invalid')
      for (const token of [first.token, last.json.token]) expect(await codeOf(token)).toBe('token_revoked')
      expect(await refreshCode(last.json.refresh_token)).toBe('refresh_invalid')
      expect(await refreshCode(second.usedToken)).toBe('refresh_invalid')
      expect(await codeOf(second.token)).toBe('token_revoked')
      expect(await refreshCode(second.refreshToken)).toBe('refresh_invalid')

      expect(await refreshCode(old.ended.refreshToken)).toBe('refresh_invalid')
      // Before there was a feed nobody was told of it.
      if (applied > 1) expect(await codeOf(old.ended.token)).toBe('token_revoked')
      const store = await openStore(storeOptions)
      onTestFinished(() => store.close())
      const thefts = await store.db.selectFrom('audit_events').select('sid').where('event', '=', 'theft').execute()
      expect(thefts.map(({ sid }) => sid)).toEqual([first.sid, second.sid])
      expect([await node.reasons(), node.log]).toEqual([[], []])
    },
  )
})
