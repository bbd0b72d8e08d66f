/**
 * Sessions that four clients each use at once at three servers, one of which is killed every two seconds: whatever came back
 * could have come from one server that does one thing at a time. What broke off may have happened, later as well, or not.
 *
 * `npm run linearisability -w @latchkey/server` records a thousand on each store, each live before and after a kill; the suite a
 * few. LINEARISABILITY_SEED repeats a run's choices.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, expect, it } from 'vitest'
import { type Calls, createCalls } from './kills/calls.js'
import { createChoices } from './kills/choices.js'
import type { Client } from './kills/client.js'
import { Journal, type User } from './kills/journal.js'
import { type KillOptions, killPostgres, killServers } from './kills/kill.js'
import { logIn, register } from './kills/log-in.js'
import type { Session } from './kills/session.js'
import { openWorld, type World } from './kills/world.js'
import { isLinearisable } from './linearisability/linearisable.js'
import { oneSession } from './linearisability/one-session.js'
import { describe, type History, recordHistory } from './linearisability/record.js'
import { storeName } from './test-store.js'

const wanted = Number(process.env.LINEARISABILITY_HISTORIES ?? 12)
const seed = Number(process.env.LINEARISABILITY_SEED ?? Date.now() % 2 ** 31)
const atOnce = 12
const timeout = 60_000 + wanted * 2000

let folder: string
let world: World
let calls: Calls
afterEach(async () => {
  // A test that ran out of time may still be waiting.
  calls?.close()
  await world?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}, 60_000)

async function run(what: string, kill: (options: KillOptions) => Promise<void>): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-linearisability-'))
  world = await openWorld(folder, seed)
  const journal = new Journal()
  calls = createCalls(
    world.servers.map(({ url }) => url),
    journal,
  )
  const { calmSinceMs } = world
  const histories: History[] = []
  let tooLong = 0
  const countLive = () => histories.filter(({ outlivedKill }) => outlivedKill).length
  const isOver = () => calls.isClosed() || countLive() >= wanted || journal.violations.length >= 5

  async function record(number: number): Promise<void> {
    const name = `group${number}`
    const choices = createChoices(seed, name)
    const user = undefined as unknown as User
    const client: Client = { name, calls, choices, journal, calmSinceMs, watching: new Set(), user, count: 0 }
    await register(client)
    const owner = (await logIn(client)) as Session
    while (!isOver()) {
      const history = await recordHistory(client, owner, isOver)
      if (history === undefined) tooLong++
      else histories.push(history)
    }
  }

  const recording = Promise.all(Array.from({ length: atOnce }, (_, i) => record(i + 1)))
  await Promise.all([kill({ world, calls, journal, seed, isOver }), recording])

  const wrong = histories.filter(({ operations }) => !isLinearisable(operations, oneSession))
  const all = histories.flatMap(({ operations }) => operations)
  const lost = all.filter(({ answered }) => answered === undefined).length
  const refreshed = new Set(all.filter(({ call }) => call.kind === 'refresh').map(({ answered }) => answered?.answer))
  console.log(
    [
      `${storeName}: ${what} for ${histories.length} histories, ${countLive()} of them live before and after, seed ${seed}: ` +
        `${journal.figures.kills} kills, ${wrong.length} not linearisable`,
      `${all.length} operations, ${lost} of them broke off; ${refreshed.size} different answers to refreshes; ` +
        `${tooLong} histories took too long`,
    ].join('\n  '),
  )
  expect([...journal.violations, ...wrong.map(describe), ...world.servers.flatMap(({ failures }) => failures)]).toEqual(
    [],
  )
  // It was what it says.
  expect(countLive()).toBeGreaterThanOrEqual(wanted)
  expect(journal.figures.kills).toBeGreaterThan(0)
  if (wanted >= 100) expect(lost).toBeGreaterThan(0)
}

it(`${wanted} histories of sessions, servers killed, are linearisable`, { timeout }, () =>
  run('servers killed', killServers),
)

it.skipIf(storeName === 'SQLite')(
  `${wanted} histories of sessions, PostgreSQL killed, are linearisable`,
  { timeout },
  () => run('PostgreSQL killed', killPostgres),
)
