/** A flood of refusals: answers wait for nothing, what is kept is bounded, and what is not kept is counted. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import { afterAll, expect, it, onTestFinished, vi } from 'vitest'
import { openStore } from '../src/store/open-store.js'
import type { Store } from '../src/store/store.js'
import { type Answer, postJson, startNode, temporaryFolder } from './server.js'
import { createTestDatabase, type TestDatabase } from './store/test-store.js'

vi.setConfig({ testTimeout: 90_000 })
afterAll(() => vi.resetConfig())
const folder = temporaryFolder()
const flood = 2_000
const wrong = { account: 'A'.repeat(22), secret: 'lkk_wrong', type: 300 }
/** Refused by who verifies it, each of them. */
const unlimited = { perAccountAndPrefix: 0, perPrefix: 0, perAccount: 0 }

/** So many at a time; answers, and how long the slowest took. */
async function send(url: string): Promise<{ answers: Answer[]; slowestMs: number }> {
  const answers: Answer[] = []
  let slowestMs = 0
  let left = flood
  async function one(): Promise<void> {
    while (left-- > 0) {
      const began = performance.now()
      answers.push(await postJson(url, '/v1/token', wrong))
      slowestMs = Math.max(slowestMs, performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: 40 }, one))
  return { answers, slowestMs }
}

/** Lets nobody write into the audit log until it is called. */
async function lock({ config }: TestDatabase): Promise<() => Promise<void>> {
  if (config.databaseUrl === undefined) {
    const database = new Database(join(config.dataFolder, 'latchkey.db'))
    database.exec('begin immediate')
    return async () => void database.close()
  }
  const client = new pg.Client(config.databaseUrl)
  await client.connect()
  await client.query('begin; lock table latchkey.audit_events in exclusive mode')
  return () => client.end()
}

async function told(store: Store) {
  const rows = await store.db.selectFrom('audit_events').select(['event', 'detail']).execute()
  const dropped = rows.filter(({ event }) => event === 'refusals_dropped')
  return {
    rows: rows.length,
    written: rows.length - dropped.length,
    dropped: dropped.reduce((sum, { detail }) => sum + Number(detail), 0),
  }
}
const sumOf = async (store: Store) => {
  const { written, dropped } = await told(store)
  return written + dropped
}

it('waits for no database that takes nothing, and keeps a hundred until it does', async () => {
  const database = await createTestDatabase(join(folder, 'locked'))
  const node = await startNode(database, { limits: unlimited })
  onTestFinished(node.close)
  const store = await openStore(database.storeOptions)
  onTestFinished(() => store.close())
  const unlock = await lock(database)
  const { answers, slowestMs } = await send(node.url).finally(unlock)
  expect(answers.every(({ status }) => status === 401)).toBe(true)
  // Equal time alone takes a tenth of a second, beside 39 others on a machine that may be busy.
  expect(slowestMs).toBeLessThan(3_000)
  await expect.poll(() => sumOf(store), { timeout: 20_000 }).toBe(flood)
  // Those that waited for the lock, those that came in their places, and one row for all others of each.
  const { rows, dropped } = await told(store)
  expect(rows).toBeLessThanOrEqual(404)
  expect(dropped).toBeGreaterThanOrEqual(flood - 404)
  expect(node.log).toEqual([])
})

it('by the limit of one place is as bounded, and its refusals are told by their route', async () => {
  const database = await createTestDatabase(join(folder, 'limited'))
  const node = await startNode(database)
  onTestFinished(node.close)
  const store = await openStore(database.storeOptions)
  onTestFinished(() => store.close())
  const { answers } = await send(node.url)
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(100)
  await expect.poll(() => sumOf(store), { timeout: 5_000 }).toBe(flood)
  const limited = await store.db
    .selectFrom('audit_events')
    .selectAll()
    .where('event', '=', 'too_many_requests')
    .execute()
  expect(limited[0]).toMatchObject({ detail: 'POST /v1/token', outcome: 'refused', actor: 'nobody', uid: null })
})

it('that ends with the server is written before it has closed', async () => {
  const database = await createTestDatabase(join(folder, 'closing'))
  const node = await startNode(database)
  await postJson(node.url, '/v1/token', wrong)
  await node.close()
  const store = await openStore(database.storeOptions)
  onTestFinished(() => store.close())
  expect(await told(store)).toEqual({ rows: 1, written: 1, dropped: 0 })
})
