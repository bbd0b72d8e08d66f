import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, onTestFinished, vi } from 'vitest'
import { freePort } from '../../../query/test/postgres.js'
import { createPlainLog, silentLog } from '../../src/log/log.js'
import { openStore } from '../../src/store/open-store.js'
import type { Store } from '../../src/store/store.js'
import { createLease } from '../../src/sweep/lease.js'
import { startSweeper } from '../../src/sweep/sweeper.js'
import { ann, ask, postJson, secret, startNode } from '../server.js'
import { until } from '../until.js'
import { createTestDatabase, type TestDatabase } from './test-store.js'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())
const folder = mkdtempSync(join(tmpdir(), 'latchkey-sweep-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const day = 24 * 3600
const now = 1_800_000_000
/** A day is over at the first, and not at the second. */
const [over, late] = [now - day - 1, now - day]
let count = 0
const newDatabase = () => createTestDatabase(join(folder, String(++count)))

/** A store whose time stands at `time.now` (epoch seconds). */
async function open(database: TestDatabase, time: { now: number }): Promise<Store> {
  const store = await openStore({ ...database.storeOptions, clock: () => time.now * 1000 })
  onTestFinished(() => store.close())
  return store
}

/** Whoever has swept to the end lets nobody sweep for an hour. */
async function isSwept(store: Store): Promise<boolean> {
  const lease = await store.db.selectFrom('meta').select('value').where('name', '=', 'sweeping').executeTakeFirst()
  const [owner, until] = lease?.value.split(' ') ?? []
  return owner === 'nobody' && Number(until) > store.now() + 3_500
}

/** Runs a sweeper until it has swept once. Answers how many rows went with each batch. */
async function sweepInBatches(store: Store): Promise<Record<string, number[]>> {
  const batches: Record<string, number[]> = {}
  const sweeper = startSweeper({
    ...{ store, log: silentLog, lookEveryMs: 1, pauseMs: 0 },
    onSwept(table, rows) {
      batches[table] = [...(batches[table] ?? []), rows]
    },
  })
  await until(() => isSwept(store))
  await sweeper.close()
  return batches
}

/** Of each table. */
const none = { revocations: 0, sessions: 0, signing_keys: 0, attempts: 0, known_prefixes: 0, webhook_deliveries: 0 }
const sum = (rows: readonly number[]) => rows.reduce((sum, row) => sum + row, 0)
const sweep = async (store: Store) =>
  Object.fromEntries(Object.entries(await sweepInBatches(store)).map(([table, rows]) => [table, sum(rows)]))

/** The same store, and whether somebody has looked again, a few times, whether its time is right; which can be denied. */
function watchClock(store: Store) {
  let looks = 0
  let isWrong = false
  const watched: Store = {
    ...store,
    isTimeSound() {
      looks++
      return !isWrong && store.isTimeSound()
    },
  }
  return {
    store: watched,
    setWrong(wrong: boolean) {
      isWrong = wrong
    },
    async lookedAgain() {
      const before = looks
      await until(() => looks >= before + 5)
    },
  }
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

async function revoke(store: Store, expiresAt: Readonly<Record<string, number>>) {
  const rows = Object.entries(expiresAt).map(([id, expires_at]) => ({ id, expires_at, kind: 's' as const, min: 1 }))
  await store.transaction((transaction) => transaction.insertInto('revocations').values(rows).execute())
}
/** So many stay, whatever they say. */
const newest = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`newest ${i}`, over]))

it('removes what was over a day ago, and nothing else', async () => {
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
  await revoke(store, { 'over for a day': over, 'over since less than a day': late, ...newest })
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
  expect(await sweep(store)).toEqual({ ...none, revocations: 1, sessions: 3, signing_keys: 1 })
  const { rows } = await store.readFeed('', 10_000)
  expect(rows.map(({ id }) => id)).toEqual(['over since less than a day', ...Object.keys(newest)])
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
  const store = await open(await newDatabase(), { now })
  const rows = Array.from({ length: 1_000 }, (_, i) => ({ sid: `session ${i}`, idle_until: i % 5 === 0 ? late : over }))
  await fill(store, rows)
  // Of the older ones, one in seven still concerns a token.
  const older = Array.from({ length: 699 }, (_, i) => [`session ${i}`, i % 7 === 0 ? late : over])
  await revoke(store, { ...Object.fromEntries(older), ...newest })
  const batches = await sweepInBatches(store)
  expect(batches).toEqual({
    ...{ revocations: [200, 200, 199], sessions: expect.any(Array), signing_keys: [0] },
    ...{ attempts: [0], known_prefixes: [0], webhook_deliveries: [0] },
  })
  expect(sum(batches.sessions as number[])).toBe(800)
  expect(batches.sessions?.length).toBeGreaterThan(4)
  expect(Math.max(...(batches.sessions as number[]))).toBeLessThanOrEqual(200)
  const { rows: left, more, last } = await store.readFeed('', 10_000)
  expect([left.length, more]).toEqual([1_700 - 599, false])
  // Who has read everything is not sent back to the start.
  expect((await store.readFeed(last, 10_000)).rows).toEqual([])
})

it('is the turn of one node at a time, and of another when that one died', async () => {
  const time = { now }
  const database = await newDatabase()
  const stores = await Promise.all([open(database, time), open(database, time), open(database, time)])
  const leases = stores.map((store) => createLease(store, 'sweeping'))
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

it('is done by one of several nodes, by another when that one ends in the middle, and by none for an hour after', async () => {
  const time = { now }
  const database = await newDatabase()
  const swept: (readonly [node: number, table: string])[] = []
  const nodes = await Promise.all(
    [0, 1, 2].map(async (node) => {
      const watched = watchClock(await open(database, time))
      const onSwept = (table: string) => void swept.push([node, table])
      return { ...watched, onSwept }
    }),
  )
  const [{ store }] = nodes as [(typeof nodes)[0]]
  const sessionsLeft = async () => (await store.db.selectFrom('sessions').select('sid').execute()).length
  await fill(
    store,
    Array.from({ length: 2_000 }, (_, i) => ({ sid: `session ${i}`, idle_until: over })),
  )
  const sweepers = nodes.map(({ store, onSwept }) =>
    startSweeper({ ...{ store, onSwept, log: silentLog }, lookEveryMs: 1, pauseMs: 50 }),
  )
  onTestFinished(async () => {
    for (const sweeper of sweepers) await sweeper.close()
  })
  const nodesOf = (batches: typeof swept) => [...new Set(batches.map(([node]) => node))]
  await until(() => swept.some(([, table]) => table === 'sessions'))
  const [first] = nodesOf(swept) as [number]
  await sweepers[first]?.close()
  const others = nodes.filter((_, node) => node !== first)
  await Promise.all(others.map(({ lookedAgain }) => lookedAgain()))
  expect(nodesOf(swept)).toEqual([first])
  expect(await sessionsLeft()).toBeGreaterThan(0)

  // For five minutes it could be at it still.
  time.now += 301
  const before = swept.length
  await until(() => isSwept(store))
  await Promise.all(others.map(({ lookedAgain }) => lookedAgain()))
  const [second, ...more] = nodesOf(swept.slice(before))
  expect([second === first, more, await sessionsLeft()]).toEqual([false, [], 0])
  const done = swept.length
  time.now += 3_599
  await Promise.all(others.map(({ lookedAgain }) => lookedAgain()))
  expect(swept.slice(done)).toEqual([])
  time.now += 2
  await until(() => isSwept(store))
  expect(nodesOf(swept.slice(done))).toHaveLength(1)
})

it('stops in the middle when its turn was over and is another’s', async () => {
  const time = { now }
  const database = await newDatabase()
  const { store, lookedAgain } = watchClock(await open(database, time))
  await fill(
    store,
    Array.from({ length: 2_000 }, (_, i) => ({ sid: `session ${i}`, idle_until: over })),
  )
  let batches = 0
  const sweeper = startSweeper({ ...{ store, log: silentLog }, lookEveryMs: 1, pauseMs: 50, onSwept: () => batches++ })
  onTestFinished(sweeper.close)
  await until(() => batches > 0)
  time.now += 301
  expect(await createLease(await open(database, time), 'sweeping').take(300)).toBe(true)
  // It asks each minute whether it is its turn still.
  const passed = performance.now.bind(performance)
  const later = vi.spyOn(performance, 'now').mockImplementation(() => passed() + 61_000)
  onTestFinished(() => later.mockRestore())
  await lookedAgain()
  const stoppedAfter = batches
  await lookedAgain()
  expect(batches).toBe(stoppedAfter)
  expect(await store.db.selectFrom('sessions').select('sid').execute()).not.toEqual([])
})

it('goes on where it was broken off', async () => {
  const { store, lookedAgain, setWrong } = watchClock(await open(await newDatabase(), { now }))
  await fill(
    store,
    Array.from({ length: 2_000 }, (_, i) => ({ sid: `session ${i}`, idle_until: over })),
  )
  let sessions = 0
  const sweeper = startSweeper({
    ...{ store, log: silentLog, lookEveryMs: 1, pauseMs: 1 },
    onSwept(table, rows) {
      if (table === 'sessions') sessions += rows
      if (sessions > 0) setWrong(true)
    },
  })
  onTestFinished(sweeper.close)
  await until(() => sessions > 0)
  await lookedAgain()
  expect(sessions).toBeLessThan(2_000)
  // It lies before where the walk has come.
  await fill(store, [{ sid: 'early', idle_until: over }])
  sessions = Number.NEGATIVE_INFINITY
  setWrong(false)
  await until(() => isSwept(store))
  expect(await store.db.selectFrom('sessions').select('sid').execute()).toEqual([{ sid: 'early' }])
})

it('is done by every server, from about a minute after its start', async () => {
  const database = await newDatabase()
  const store = await openStore(database.storeOptions)
  onTestFinished(() => store.close())
  await fill(store, [{ sid: 'over', idle_until: 5 }])
  const { setTimeout } = globalThis
  const shortened = vi
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation(((work: () => void, ms = 0) => setTimeout(work, ms >= 30_000 ? 1 : ms)) as typeof setTimeout)
  onTestFinished(() => shortened.mockRestore())
  const metricsPort = await freePort()
  const node = await startNode(database, { metricsPort })
  onTestFinished(node.close)
  const metrics = async () => (await ask(`http://127.0.0.1:${metricsPort}`, 'GET', '/metrics')).text
  await expect.poll(metrics, { timeout: 20_000 }).toContain('latchkey_swept_rows_total{table="sessions"} 1')
  expect(await store.db.selectFrom('sessions').select('sid').execute()).toEqual([])
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
  await until(() => isSwept(store))
  isDone = true
  await Promise.all(refreshing)
  await sweeper.close()
  expect([swept, log]).toEqual([{ ...none, sessions: 1_500 }, []])
  const left = await store.db.selectFrom('sessions').select('sid').execute()
  // Those that live, and the one that ended a moment ago.
  expect(left).toHaveLength(4)
})

it('waits where two clocks do not agree: what seems to be over may not be', async () => {
  const database = await newDatabase()
  async function openUnset(): Promise<Store> {
    const store = await openStore(database.storeOptions)
    onTestFinished(() => store.close())
    return store
  }
  const opened = await openUnset()
  await fill(opened, [{ sid: 'over', idle_until: 5 }])
  const rightNow = Date.now
  const set = vi.spyOn(Date, 'now').mockImplementation(() => rightNow() + 2 * 3600_000)
  onTestFinished(() => void set.mockRestore())
  await opened.readFeed('', 1)
  const { store, lookedAgain } = watchClock(opened)
  const sweeper = startSweeper({ store, log: silentLog, lookEveryMs: 1, pauseMs: 0 })
  await lookedAgain()
  await sweeper.close()
  expect(await store.db.selectFrom('sessions').select('sid').execute()).toHaveLength(1)
  set.mockRestore()
  expect((await sweep(await openUnset())).sessions).toBe(1)
})
