/**
 * The storage fails at each call of each operation: it refuses, comes late, runs the call and loses the answer, or goes away.
 * No token is issued that is not recorded, nothing is acknowledged that does not last, nothing is half done, and it heals.
 *
 * `npm run faults -w @latchkey/server` tries every fault at every call; the suite one at every fourth call. FAULTS_SEED repeats its
 * choice.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBetterSqlite } from '../../src/store/sqlite/better-sqlite.js'
import { runCommand } from '../server.js'
import { until } from '../until.js'
import type { Operation, Outcome } from './storage-faults/operation.js'
import { operations } from './storage-faults/operations.js'
import { kinds, type Planned, planFaults } from './storage-faults/plan.js'
import { changesBetween, type State } from './storage-faults/state.js'
import { type Tried, tryFault } from './storage-faults/try-fault.js'
import { allowFaults, type Lane, openWorld, type World } from './storage-faults/world.js'
import { storeName } from './test-store.js'

const isComplete = process.env.FAULTS === 'all'
const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 2 ** 31)
const lanes = 7
/** In the suite a server waits less long for its database, so that it need not be waited for. */
const answerWaitMs = isComplete ? undefined : 2_000
const timeout = isComplete ? 3_600_000 : 90_000

let folder: string
let endFaults: () => void
let world: World
/** Of what touches all that there is: one after the other, in a database of its own. */
let alone: World
const worldOf = ({ isAlone }: Operation) => (isAlone ? alone : world)
/** What nobody hears would end a process. */
const unheard: unknown[] = []
const onUnheard = (error: unknown) => void unheard.push(error)
beforeAll(async () => {
  process.prependListener('uncaughtException', onUnheard).prependListener('unhandledRejection', onUnheard)
  folder = mkdtempSync(join(tmpdir(), 'latchkey-faults-'))
  endFaults = allowFaults()
  world = await openWorld({ folder: join(folder, 'shared'), lanes, answerWaitMs })
  alone = await openWorld({ folder: join(folder, 'alone'), lanes: 1, answerWaitMs })
}, 60_000)
afterAll(async () => {
  await world?.close()
  await alone?.close()
  endFaults?.()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  process.off('uncaughtException', onUnheard).off('unhandledRejection', onUnheard)
}, 60_000)

interface Result extends Planned, Tried {}

/** A flush that was shared with what the server writes by itself is not the operation's own: then once more. */
const tries = 5

async function tryAll(planned: readonly Planned[]): Promise<readonly Result[]> {
  const results: Result[] = []
  const waiting = new Map([world, alone].flatMap((each) => each.lanes.map((lane) => [lane, [] as Planned[]])))
  planned.forEach((one, i) => {
    const own = worldOf(one.operation).lanes
    waiting.get(own[i % own.length] as Lane)?.push(one)
  })
  async function work(lane: Lane, list: readonly Planned[]): Promise<void> {
    for (const one of list) {
      const { operation, clean, fault } = one
      for (let i = 0; i < tries; i++) {
        const tried = await tryFault(operation, clean, fault, worldOf(operation), lane).catch((cause: unknown) => {
          throw new Error(`${operation.name}, ${fault.kind} at ${fault.index}: ${cause}`, { cause })
        })
        const isLast = tried.struck !== undefined || i === tries - 1
        if (isLast || tried.violations.length > 0) results.push({ ...one, ...tried })
        if (isLast) break
      }
    }
  }
  await Promise.all([...waiting].map(([lane, list]) => work(lane, list)))
  return results
}

function summary(results: readonly Result[]): string {
  const names = [...new Set(results.map(({ operation }) => operation.name))]
  const lines = names.map((name) => {
    const own = results.filter(({ operation }) => operation.name === name)
    const counts = kinds.map((kind) => {
      const list = own.filter(({ fault }) => fault.kind === kind)
      const done = list.filter(({ status, operation }) => status === operation.done).length
      const stands = list.filter(
        ({ status, stored, operation }) => status !== operation.done && stored === 'all',
      ).length
      return list.length === 0 ? [] : [`${kind} ${list.length} (${done} done, ${stands} refused but stored)`]
    })
    return `${name}, ${own[0]?.clean.calls.length} calls: ${counts.flat().join(', ')}`
  })
  return [`${storeName}: ${results.length} faults, seed ${seed}`, ...lines].join('\n  ')
}

it(`keeps every promise when the storage fails at any call, seed ${seed}`, { timeout }, async () => {
  const plan = (isAlone: boolean) => {
    const own = operations.filter((operation) => (operation.isAlone ?? false) === isAlone)
    return planFaults(isAlone ? alone : world, own, { isComplete, seed })
  }
  const planned = (await Promise.all([plan(false), plan(true)])).flat()
  const results = await tryAll(planned)
  if (isComplete) console.log(summary(results))
  const broken = results.flatMap(({ operation, fault, clean, violations }) =>
    violations.map(
      (what) =>
        `${operation.name}, ${fault.kind} at ${fault.index} (${clean.calls[fault.index]?.slice(0, 60)}): ${what}`,
    ),
  )
  expect(broken).toEqual([])
  expect(
    results.filter(({ struck }) => struck === undefined).map(({ operation, fault }) => [operation.name, fault]),
  ).toEqual([])
  expect(unheard).toEqual([])

  for (const each of [world, alone]) {
    // A server that starts now knows the same. What was good alone may have ended with what came after it.
    const fresh = await each.startServer()
    try {
      const own = results.filter(({ operation }) => worldOf(operation) === each).flatMap(({ tokens }) => [...tokens])
      const wrong = own.filter(([token, isRefused]) => isRefusedBy(fresh, token) !== isRefused)
      expect(each === alone ? wrong.filter(([, isRefused]) => isRefused) : wrong).toEqual([])
    } finally {
      await fresh.close()
    }
    const { folder, database } = each
    expect(await runCommand(folder, ['audit', 'verify'], '', database.environment)).toMatchObject({ code: 0 })
    await until(async () => (await openTransactions(each)) === 0)
  }
})

it.runIf(storeName === 'SQLite')(
  'refuses what must wait longer than five seconds for another process that writes, and does it afterwards',
  { timeout },
  async () => {
    const cases = []
    for (const [i, operation] of operations.entries()) {
      const { reader, lanes } = worldOf(operation)
      const it = await operation.prepare(worldOf(operation))
      cases.push({ operation, it, lane: lanes[i % lanes.length] as Lane, read: () => reader.read(it.scope) })
    }
    const before = await Promise.all(cases.map(({ read }) => read()))
    const others = [world, alone].map(({ database }) =>
      openBetterSqlite(join(database.config.dataFolder, 'latchkey.db')).exec('begin immediate'),
    )
    const outcomes = await Promise.all(cases.map(({ it, lane }) => it.send(lane)))
    for (const other of others) other.exec('rollback').close()
    for (const [i, { operation, read }] of cases.entries()) {
      const { status, code } = outcomes[i] as Outcome
      expect([operation.name, status, code]).toEqual([operation.name, operation.done === 0 ? 1 : 503, 'busy'])
      expect([operation.name, changesBetween(before[i] as State, await read())]).toEqual([operation.name, []])
    }
    // What ends everything is prepared first, and done last.
    for (const { operation, it, lane } of cases.toReversed()) {
      expect([operation.name, (await it.send(lane)).status]).toEqual([operation.name, operation.done])
      expect([operation.name, await it.broken?.()]).toEqual([operation.name, it.broken && []])
    }
  },
)

const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
function isRefusedBy({ latchkey }: World['sound'], token: string): boolean {
  const answer = latchkey.decide({ method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }, need)
  return answer.status !== undefined
}

/** On SQLite the one that would be open would keep others from writing. */
async function openTransactions({ parts, reader }: World): Promise<number> {
  if (storeName === 'SQLite') {
    await parts.store.tryToWrite()
    return 0
  }
  const text =
    "select pid from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"
  return (await reader.query(text)).length
}
