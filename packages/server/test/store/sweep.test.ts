import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, it, onTestFinished, vi } from 'vitest'
import { createPlainLog, silentLog } from '../../src/log/log.js'
import { openStore } from '../../src/store/open-store.js'
import type { Store } from '../../src/store/store.js'
import { createLease } from '../../src/sweep/lease.js'
import { startSweeper } from '../../src/sweep/sweeper.js'
import { ann, ask, postJson, secret, startNode } from '../server.js'
import { createTestDatabase, type TestDatabase } from './test-store.js'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())
const folder = mkdtempSync(join(tmpdir(), 'latchkey-sweep-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const day = 24 * 3600
let count = 0
const newDatabase = () => createTestDatabase(join(folder, String(++count)))

/** A store whose time stands at `time.now` (epoch seconds). */
async function open(database: TestDatabase, time: { now: number }): Promise<Store> {
  const store = await openStore({ ...database.storeOptions, clock: () => time.now * 1000 })
  onTestFinished(() => store.close())
  return store
}

/** Runs a sweeper until it has swept once. */
async function sweep(store: Store): Promise<Record<string, number>> {
  const swept: Record<string, number> = {}
  const sweeper = startSweeper({
    ...{ store, log: silentLog, lookEveryMs: 1, pauseMs: 0 },
    onSwept(table, rows) {
      swept[table] = (swept[table] ?? 0) + rows
    },
  })
  const until = performance.now() + 50_000
  while (swept.signing_keys === undefined && performance.now() < until) await pause(5)
  await sweeper.close()
  return swept
}

const ten = 10
async function fill(store: Store, rows: readonly Partial<Record<string, number | string | Buffer | null>>[]) {
  await store.transaction(async (transaction) => {
    const { uid } = await transaction
      .insertInto('users')
      .values({ nickname: 'ann', role: 'user', disabled_at: null, created_at: 0 })
      .returning('uid')
      .executeTakeFirstOrThrow()
    const session = { uid, kind: 'login', client_type: 100, gen: 0, min_gen: 0, rev: 0, created_at: 0 } as const
    const insert = (row: object) =>
      transaction
        .insertInto('sessions')
        .values({ ...session, idle_until: 1e9, absolute_until: 2e9, access_exp: 0, ...row } as never)
        .execute()
    await Promise.all(rows.map(insert))
  })
}

it('removes what was over a day ago, and nothing else', async () => {
  const now = 1_800_000_000
  const [over, late] = [now - day - 1, now - day + ten]
  const store = await open(await newDatabase(), { now })
  await fill(store, [
    { sid: 'idle for long', idle_until: over, access_exp: over },
    { sid: 'idle since less than a day', idle_until: late, access_exp: over },
    { sid: 'over, but with a token that lives', idle_until: over, access_exp: late },
    { sid: 'ended long ago', idle_until: now + ten, ended_at: over, access_exp: over },
    { sid: 'ended less than a day ago', idle_until: now + ten, ended_at: late, access_exp: over },
    { sid: 'live', idle_until: now + ten, access_exp: over },
    { sid: 'live with an old answer', idle_until: now + ten, answer: Buffer.of(1), answer_until: over, rev: 7 },
    { sid: 'live with an answer', idle_until: now + ten, answer: Buffer.of(1), answer_until: late, rev: 7 },
  ])
  await store.transaction(async (transaction) => {
    const key = { alg: 'EdDSA', public: null, private: Buffer.of(1), published_at: 0, sign_from: 0, sign_until: 1 }
    for (const [kid, verify_until] of [
      ['old', over],
      ['late', late],
      ['in use', null],
    ] as const) {
      await transaction
        .insertInto('signing_keys')
        .values({ ...key, kid, verify_until })
        .execute()
    }
  })
  expect(await sweep(store)).toEqual({ revocations: 0, sessions: 3, signing_keys: 1 })
  const sessions = await store.db.selectFrom('sessions').select(['sid', 'answer', 'rev']).orderBy('sid').execute()
  expect(sessions.map(({ sid }) => sid)).toEqual(
    [
      'ended less than a day ago',
      'idle since less than a day',
      'live',
      'live with an answer',
      'live with an old answer',
      'over, but with a token that lives',
    ].sort((a, b) => (a < b ? -1 : 1)),
  )
  const answers = sessions.filter(({ sid }) => sid.includes('answer')).map(({ answer, rev }) => [answer?.length, rev])
  expect(answers).toEqual([
    [1, 7],
    [undefined, 8],
  ])
  const keys = await store.db.selectFrom('signing_keys').select('kid').orderBy('kid').execute()
  expect(keys.map(({ kid }) => kid)).toEqual(['in use', 'late'])
})

it('removes many in small batches, and keeps the end of the feed', async () => {
  const now = 1_800_000_000
  const store = await open(await newDatabase(), { now })
  const rows = Array.from({ length: 1_000 }, (_, i) => ({ sid: `session ${i}`, idle_until: i % 5 === 0 ? now : 5 }))
  await fill(store, rows)
  await store.transaction(async (transaction) => {
    // Of the older ones, one in seven still concerns a token.
    const all = Array.from({ length: 1_700 }, (_, i) => ({ id: `session ${i}`, expires_at: i % 7 === 0 ? now : 5 }))
    const kind = 's' as const
    await transaction
      .insertInto('revocations')
      .values(all.map((row) => ({ ...row, kind, min: 1 })))
      .execute()
  })
  const old = Math.floor(699 - 699 / 7)
  const swept = await sweep(store)
  expect(swept).toEqual({ revocations: old, sessions: 800, signing_keys: 0 })
  const { rows: left, more } = await store.readFeed('', 10_000)
  expect([left.length, more]).toEqual([1_700 - old, false])
  // Who has read everything is not sent back to the start.
  const { last } = await store.readFeed('', 10_000)
  expect((await store.readFeed(last, 10_000)).rows).toEqual([])
})

it('is done by one node at a time, and by another when that one died', async () => {
  const time = { now: 1_800_000_000 }
  const database = await newDatabase()
  const stores = await Promise.all([open(database, time), open(database, time), open(database, time)])
  const leases = stores.map(createLease)
  for (let round = 0; round < 20; round++) {
    const taken = await Promise.all(leases.map((lease) => lease.take(300)))
    expect(taken.filter(Boolean)).toHaveLength(1)
    const holder = taken.indexOf(true)
    // It keeps it for as long as it asks in time.
    time.now += 299
    expect(await leases[holder]?.take(300)).toBe(true)
    time.now += 299
    expect(await leases[(holder + 1) % 3]?.take(300)).toBe(false)
    time.now += 2
  }
  const first = leases[0] as (typeof leases)[0]
  time.now += 1_000
  expect(await first.take(300)).toBe(true)
  await first.giveBack(3600)
  time.now += 3_599
  expect(await first.take(300)).toBe(false)
  time.now += 2
  expect(await first.take(300)).toBe(true)
})

it('changes nothing for whoever is logged in: refreshes, logins and logouts go on beside it', async () => {
  const database = await newDatabase()
  const node = await startNode(database)
  onTestFinished(node.close)
  const log: string[] = []
  const store = await openStore(database.storeOptions)
  onTestFinished(() => store.close())
  await fill(
    store,
    Array.from({ length: 1_500 }, (_, i) => ({ sid: `session ${i}`, idle_until: 5, ended_at: i % 2 ? 4 : null })),
  )
  await postJson(node.url, '/v1/client/register', ann)
  const pairs = []
  for (let i = 0; i < 4; i++) {
    pairs.push((await postJson(node.url, '/v1/token', { account: ann.account, secret, type: 100 })).json)
  }
  const { token: out } = pairs.pop()
  let isDone = false
  const refreshing = pairs.map(async (first) => {
    let { token, refresh_token } = first
    let refreshes = 0
    while (!isDone || refreshes < 5) {
      const answer = await postJson(node.url, '/v1/token/refresh', { refresh_token })
      expect(answer.status).toBe(201)
      ;({ token, refresh_token } = answer.json)
      refreshes++
    }
    expect((await ask(node.url, 'GET', '/v1/user', { token })).status).toBe(200)
  })
  const swept: Record<string, number> = {}
  const sweeper = startSweeper({
    ...{ store, log: createPlainLog((line) => log.push(line)), lookEveryMs: 1, pauseMs: 1 },
    onSwept(table, rows) {
      swept[table] = (swept[table] ?? 0) + rows
    },
  })
  expect((await postJson(node.url, '/v1/token/revoke', { token: out })).status).toBe(200)
  const until = performance.now() + 50_000
  while (swept.signing_keys === undefined && performance.now() < until) await pause(5)
  isDone = true
  await Promise.all(refreshing)
  await sweeper.close()
  expect([swept, log]).toEqual([{ revocations: 0, sessions: 1_500, signing_keys: 0 }, []])
  const left = await store.db.selectFrom('sessions').select('sid').execute()
  // Those that live, and the one that ended a moment ago.
  expect(left).toHaveLength(4)
})

it('waits where two clocks do not agree: what seems to be over may not be', async () => {
  const database = await newDatabase()
  const store = await open(database, { now: 1_800_000_000 })
  await fill(store, [{ sid: 'over', idle_until: 5 }])
  const apart = { ...store, clockOffsetMs: () => 2 * 3600_000 }
  const wasSet = { ...store, clockJump: () => ({ byMs: -2 * 3600_000, agoMs: 23 * 3600_000 }) }
  for (const unsure of [apart, wasSet]) {
    const sweeper = startSweeper({ store: unsure, log: silentLog, lookEveryMs: 1, pauseMs: 0 })
    await pause(100)
    await sweeper.close()
  }
  expect(await store.db.selectFrom('sessions').select('sid').execute()).toHaveLength(1)
  expect((await sweep(store)).sessions).toBe(1)
})
