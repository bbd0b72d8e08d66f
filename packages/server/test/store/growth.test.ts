/**
 * What a login, a refresh, a revocation and a list of sessions cost beside many sessions; and what many live revocations cost
 * whoever follows them. No time is asserted: the figures are printed, and what must hold is that the database looks up rows
 * by what tells them apart, whatever their number.
 *
 * `npm run growth -w @latchkey/server` runs it with a thousand, a million and ten million sessions, and a million revocations;
 * the suite with a few. GROWTH_SEED repeats a run's choices.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask } from '../server.js'
import { type Child, startServer } from './bad-days/child.js'
import { accessesOf, createRecorder } from './growth/accesses.js'
import { addRevocations } from './growth/add-revocations.js'
import { fillSessions, type KnownSession, sessionsPerUser } from './growth/fill-sessions.js'
import { createGrowthDatabase, type GrowthDatabase } from './growth/growth-database.js'
import { openServices } from './growth/open-services.js'
import { createOperations } from './growth/operations.js'
import { createRandom } from './growth/random.js'
import { runScript, startTimedServer } from './growth/timed-process.js'
import { median, quantile, table, timeInterleaved } from './growth/timings.js'
import { storeName } from './test-store.js'

const sizes = (process.env.GROWTH_SIZES ?? '1000,30000').split(',').map(Number)
const rounds = Number(process.env.GROWTH_ROUNDS ?? 8)
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
// A run that is broken off must not leave gigabytes behind.
const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
process.once('exit', remove)
const filled: Filled[] = []
const grouped = (number: number) => number.toLocaleString('en')

beforeAll(async () => {
  for (const sessions of sizes) {
    const database = await createGrowthDatabase(folder, String(sessions))
    // A server has made its keys, and has gone.
    await (await startServer(database.folder, database.environment)).end()
    const began = performance.now()
    const known = await fillSessions(database, { sessions, known: 2 * (rounds + warmUpRounds) + 8, seed }, random)
    filled.push({ sessions, database, known })
    if (isFull) console.log(`${storeName}: ${grouped(sessions)} sessions in ${seconds(performance.now() - began)}`)
  }
}, timeout)
afterAll(() => {
  process.off('exit', remove)
  remove()
}, timeout)

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
const milliseconds = (ms: number) => ms.toFixed(2)

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
  const { plugin, take } = createRecorder()
  const services = await openServices(largest.database, plugin)
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
      take()
      await run()
      const accesses = (await Promise.all(take().map((query) => accessesOf(store.db, query))))
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
      const server: Child = await startServer(database.folder, database.environment)
      closing.push(() => server.end())
      const services = await openServices(database)
      closing.push(() => services.close())
      const users = sessions / sessionsPerUser
      const parts = { url: server.url, services, known: known.slice(8), users, random }
      const { operations, close } = createOperations(parts)
      closing.push(close)
      databases.push(operations)
    }
    const times = await timeInterleaved(databases, { rounds, warmUpRounds }, random)
    const names = Object.keys(times[0] as object)
    for (const one of times) for (const name of names) expect(one[name]).toHaveLength(rounds)
    await printTimes(names, times)
  } finally {
    for (const close of closing.reverse()) await close()
  }
})

async function printTimes(
  names: readonly string[],
  times: readonly Readonly<Record<string, readonly number[]>>[],
): Promise<void> {
  const sized = []
  let version = ''
  for (const { database, sessions } of filled) {
    const filling = await database.openFilling()
    sized.push(`${grouped(sessions)} sessions ${Math.ceil((await filling.sizeBytes()) / 1e6)} MB`)
    version = await filling.version()
    await filling.close()
  }
  const rows = names.map((name) => {
    const [least, ...others] = times.map((one) => one[name] as readonly number[])
    const cell = (values: readonly number[]) =>
      `${milliseconds(median(values))} (${milliseconds(quantile(values, 0.95))})`
    const first = least as readonly number[]
    const ratio = (values: readonly number[]) => (median(values) / median(first)).toFixed(2)
    return [name, cell(first), ...others.flatMap((values) => [cell(values), ratio(values)])]
  })
  const heads = sizes.flatMap((size, i) => (i === 0 ? [grouped(size)] : [grouped(size), 'ratio']))
  const machine = `${cpus()[0]?.model} x ${cpus().length}, Node ${process.version}, ${version}`
  console.log(
    [
      `${machine}, seed ${seed}; ${sized.join(', ')}`,
      `median (p95) in ms of ${rounds} requests each, in turns; the ratio is of medians, to ${grouped(sizes[0] as number)}`,
      table([['', ...heads], ...rows]),
    ].join('\n'),
  )
}

interface Following {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly before: number
  readonly after: number
  readonly greatest: number
  readonly settled: number
  readonly accepted: readonly boolean[]
}

it(`a server and a service that begin beside ${grouped(revocations)} live revocations know each of them`, {
  timeout,
}, async () => {
  const [starts, idleMs] = isFull ? [5, 5000] : [1, 0]
  const expiresAt = Math.floor(Date.now() / 1000) + 24 * 3600
  const feeds: { count: number; database: GrowthDatabase; tokens: readonly string[]; rows: number[][] }[] = []
  for (const count of [0, revocations]) {
    const database = await createGrowthDatabase(folder, `feed-${count}`)
    await (await startServer(database.folder, database.environment)).end()
    const [good, revoked] = (await fillSessions(database, { sessions: 100, known: 2, seed }, random)) as [
      KnownSession,
      KnownSession,
    ]
    const filling = await database.openFilling()
    if (count > 0) await addRevocations(filling, { count, sid: revoked.sid, expiresAt })
    await filling.gatherStatistics()
    await filling.close()
    const services = await openServices(database)
    const tokens = [services.accessToken(good), services.accessToken(revoked)]
    await services.close()
    feeds.push({ count, database, tokens, rows: [] })
  }
  for (let start = 0; start < starts; start++) {
    for (const { count, database, tokens, rows } of random.shuffle(feeds)) {
      const server = await startTimedServer(database.folder, database.environment)
      try {
        const started = server.usage()
        const statuses = []
        for (const token of tokens) statuses.push((await ask(server.url, 'GET', '/v1/user', { token })).status)
        expect(statuses).toEqual(count === 0 ? [200, 200] : [200, 401])
        await sleep(idleMs)
        const idle = server.usage()
        const args = [server.url, database.environment.LATCHKEY_ISSUER as string, String(idleMs), ...tokens]
        const service = (await runScript('following-service.mjs', args)) as Following
        expect(service.accepted).toEqual(count === 0 ? [true, true] : [true, false])
        const served = server.usage()
        rows.push([
          ...[server.seconds, started.cpuSeconds, started.megabytes, started.greatestMegabytes],
          ...[idle.megabytes, served.megabytes, service.seconds, service.cpuSeconds],
          ...[service.before, service.after, service.greatest, service.settled],
        ])
      } finally {
        await server.end()
      }
    }
  }
  const figures = [
    ...['server: s from start to first answer', 'server: s of CPU until then', 'server: MB at its first answer'],
    ...['server: MB at most until then', 'server: MB idle', 'server: MB after a service has read all'],
    ...['service: s until it is ready', 'service: s of CPU until then', 'service: MB before'],
    ...['service: MB when it is ready', 'service: MB at most until then', 'service: MB idle'],
  ]
  const cells = figures.map((name, i) => [
    name,
    ...feeds.map(({ rows }) => median(rows.map((row) => row[i] as number)).toFixed(name.includes(' s ') ? 2 : 0)),
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
  const args = isFull ? [revocations, 1001, 50] : [revocations, 20, 50]
  const results = (await runScript('verify-beside-revocations.mjs', args.map(String))) as readonly Verifying[]
  for (const { accepted, refused } of results) expect([accepted, refused]).toEqual(['verified', 'token_revoked'])
  const rows = results.map(({ name, long, empty, ratio, ratioOfRounds }) => [
    ...[name, long, empty].map((cell) => (typeof cell === 'string' ? cell : grouped(Math.round(cell)))),
    ...[ratio.toFixed(3), ratioOfRounds.toFixed(3)],
  ])
  const heads = ['tokens a second', grouped(revocations), 'none', 'ratio of medians', 'median of ratios']
  console.log(`${args[1]} rounds of ${args[2]} tokens, in turns\n${table([heads, ...rows])}`)
})
