/**
 * What a login, a refresh, a revocation and a list of sessions cost beside many sessions; and what many live revocations cost
 * whoever follows them. No time is asserted: the figures are printed, and what must hold is that the database looks up rows
 * by what tells them apart, whatever their number.
 *
 * `npm run growth -w @latchkey/server` runs it with a thousand, a million and ten million sessions, and a million revocations;
 * the suite with a few. GROWTH_SEED repeats a run's choices; GROWTH_TIMES names a file for all times of the rounds, which
 * `npm run bench -- growth` reads.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { serve } from '../start-process.js'
import { accessesOf, createRecorder } from './growth/accesses.js'
import { refreshBesideSweep } from './growth/beside-sweep.js'
import { createFeed, figureNames, startBeside } from './growth/feed-starts.js'
import { fillSessions, type KnownSession, sessionsPerUser } from './growth/fill-sessions.js'
import { createGrowthDatabase, type GrowthDatabase } from './growth/growth-database.js'
import { openServices } from './growth/open-services.js'
import { createOperations } from './growth/operations.js'
import { createRandom } from './growth/random.js'
import { runScript } from './growth/timed-process.js'
import { grouped, timesTable } from './growth/times-table.js'
import { median, quantile, table, timeInterleaved } from './growth/timings.js'
import { storeName } from './test-store.js'

const sizes = (process.env.GROWTH_SIZES ?? '1000,30000').split(',').map(Number)
const rounds = Number(process.env.GROWTH_ROUNDS ?? 3)
const revocations = Number(process.env.GROWTH_REVOCATIONS ?? 20_000)
const isFull = process.env.GROWTH_SIZES !== undefined
const warmUpRounds = Math.ceil(rounds / 16)
const seed = Number(process.env.GROWTH_SEED ?? Date.now() % 2 ** 31)
const random = createRandom(seed)
const timeout = isFull ? 4 * 3_600_000 : 120_000

interface Filled {
  readonly sessions: number
  readonly database: GrowthDatabase
  readonly known: readonly KnownSession[]
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-growth-'))
const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
// A run that is broken off must not leave gigabytes behind. Vitest ends its workers by SIGTERM.
const onSignal = () => {
  remove()
  process.exit(143)
}
process.once('SIGTERM', onSignal)
const filled: Filled[] = []

beforeAll(async () => {
  for (const sessions of sizes) {
    const database = await createGrowthDatabase(folder, String(sessions))
    // Makes the keys.
    await (await openServices(database)).close()
    const began = performance.now()
    const known = await fillSessions(database, { sessions, known: 2 * (rounds + warmUpRounds) + 10, seed }, random)
    filled.push({ sessions, database, known })
    const seconds = (performance.now() - began) / 1000
    if (isFull) console.log(`${storeName}: ${grouped(sessions)} sessions in ${seconds.toFixed(0)} s`)
  }
}, timeout)
afterAll(() => {
  process.off('SIGTERM', onSignal)
  remove()
}, timeout)

async function gatherStatistics({ database }: Filled): Promise<void> {
  const filling = await database.openFilling()
  await filling.gatherStatistics()
  await filling.close()
}

/** Tables that grow with users, sessions and what they do. */
const growing = ['users', 'identities', 'sessions', 'revocations', 'audit_events']
/** A search by one of these finds one row, or those of one user. */
const telling = /(?:^|\W)(?:sid|uid|account|id|position|rowid) ?=/

it('a login, a refresh, a revocation and a list of sessions find their rows by what tells them apart', {
  timeout,
}, async () => {
  const largest = filled.at(-1) as Filled
  const recorder = createRecorder()
  const services = await openServices(largest.database, recorder)
  const { store } = services
  const sessions = largest.known.slice(0, 8)
  const lookAtAll = async () => {
    const [one, other] = sessions.splice(0, 2) as [KnownSession, KnownSession]
    const operations: [string, readonly string[], () => Promise<unknown>][] = [
      ['login', ['identities', 'users', 'sessions'], () => services.login(one.uid)],
      ['session list', ['sessions'], () => services.list(one.uid, one.sid)],
      ['refresh', ['sessions', 'users'], () => services.refresh(one.refreshToken)],
      ['revocation by refresh token', ['sessions'], () => services.revoke(other.refreshToken)],
      ['revocation by access token', ['sessions'], () => services.revoke(services.accessToken(one))],
    ]
    for (const [name, tables, run] of operations) {
      recorder.take()
      await run()
      const accesses = (await Promise.all(recorder.take().map((query) => accessesOf(store.db, query))))
        .flat()
        .filter(({ table }) => growing.includes(table))
      // Every table that it reads was asked about, and no row of it is looked for among all.
      expect([...new Set(accesses.map(({ table }) => table))], name).toEqual(expect.arrayContaining([...tables]))
      const searchesOfMany = accesses.filter(({ condition }) => condition === undefined || !telling.test(condition))
      expect(searchesOfMany, name).toEqual([])
    }
  }
  try {
    await lookAtAll()
    // The planner may think otherwise once it has counted.
    await gatherStatistics(largest)
    await lookAtAll()
  } finally {
    await services.close()
  }
})

it(`${rounds} rounds on databases of ${sizes.map(grouped).join(', ')} sessions`, { timeout }, async () => {
  const closing: (() => Promise<unknown> | unknown)[] = []
  try {
    const databases = []
    for (const [i, { sessions, database, known }] of filled.entries()) {
      await gatherStatistics(filled[i] as Filled)
      const server = await serve(database)
      closing.push(() => server.end())
      const services = await openServices(database)
      closing.push(() => services.close())
      const users = sessions / sessionsPerUser
      const parts = { url: server.url, services, known: known.slice(10), users, random }
      const { operations, close } = createOperations(parts)
      closing.push(close)
      databases.push(operations)
    }
    const times = await timeInterleaved(databases, { rounds, warmUpRounds }, random)
    for (const one of times) for (const list of Object.values(one)) expect(list).toHaveLength(rounds)
    const timed = filled.map((one, i) => ({ ...one, times: times[i] as Readonly<Record<string, number[]>> }))
    console.log(await timesTable(timed, rounds, seed))
    const file = process.env.GROWTH_TIMES
    if (file) writeFileSync(file, JSON.stringify(timed.map(({ sessions, times }) => ({ sessions, times }))))
  } finally {
    for (const close of closing.reverse()) await close()
  }
})

it('refreshes beside a sweep', { timeout }, async () => {
  const { database, known } = filled.at(-1) as Filled
  const server = await serve(database)
  const services = await openServices(database)
  try {
    const sessions = known.slice(8, 10) as [KnownSession, KnownSession]
    const amount = isFull ? { rounds: 9, refreshes: 100 } : { rounds: 1, refreshes: 10 }
    const { swept, times } = await refreshBesideSweep(server.url, services, sessions, amount)
    expect(swept).toBeGreaterThan(0)
    const ms = (name: string, share: number) => quantile(times[name] as readonly number[], share).toFixed(2)
    const rows = ['another process', 'the same process'].map((name) => {
      const ratio = Number(ms(`${name}, swept`, 0.5)) / Number(ms(name, 0.5))
      return [name, ...[name, `${name}, swept`].flatMap((one) => [ms(one, 0.5), ms(one, 0.95)]), ratio.toFixed(2)]
    })
    const heads = [`${storeName}, refreshes in`, 'median ms', 'p95', 'while swept', 'p95', 'ratio of medians']
    console.log(
      `${grouped(swept)} rows swept beside ${rows.length * amount.rounds * amount.refreshes} refreshes\n${table([heads, ...rows])}`,
    )
  } finally {
    await services.close()
    await server.end()
  }
})

it(`a server and a service that begin beside ${grouped(revocations)} live revocations know each of them`, {
  timeout,
}, async () => {
  const [starts, idleMs] = isFull ? [5, 5000] : [1, 0]
  const feeds = [
    await createFeed(folder, 0, { seed, random }),
    await createFeed(folder, revocations, { seed, random }),
  ] as const
  for (let start = 0; start < starts; start++) {
    for (const feed of random.shuffle(feeds)) {
      const { server, service } = await startBeside(feed, idleMs)
      expect(server).toEqual(feed.count === 0 ? [true, true] : [true, false])
      expect(service).toEqual(feed.count === 0 ? [true, true] : [true, false])
    }
  }
  const cells = figureNames.map((name, i) => [
    name,
    ...feeds.map(({ figures }) => median(figures.map((row) => row[i] as number)).toFixed(/ s /.test(name) ? 2 : 0)),
  ])
  const heads = ['', ...feeds.map(({ count }) => `${grouped(count)} revocations`)]
  console.log(`${storeName}, medians of ${starts} starts\n${table([heads, ...cells])}`)
})

interface Verifying {
  readonly name: string
  readonly long: number
  readonly empty: number
  readonly ratio: number
  readonly ratioOfRounds: number
  readonly accepted: string
  readonly refused: string
}

// There is no store in it.
it.runIf(storeName === 'SQLite')(`verifying beside ${grouped(revocations)} revocations`, { timeout }, async () => {
  const args = isFull ? [revocations, 1001, 50] : [revocations, 10, 50]
  const results = (await runScript('verify-beside-revocations.mjs', args.map(String))) as readonly Verifying[]
  for (const { accepted, refused } of results) expect([accepted, refused]).toEqual(['verified', 'token_revoked'])
  const rows = results.map(({ name, long, empty, ratio, ratioOfRounds }) => [
    ...[name, long, empty].map((cell) => (typeof cell === 'string' ? cell : grouped(Math.round(cell)))),
    ...[ratio.toFixed(3), ratioOfRounds.toFixed(3)],
  ])
  const heads = ['tokens a second', grouped(revocations), 'none', 'ratio of medians', 'median of ratios']
  console.log(`${args[1]} rounds of ${args[2]} tokens, in turns\n${table([heads, ...rows])}`)
})
