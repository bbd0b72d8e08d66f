/**
 * Three server processes on one database, under a load of logins, refreshes, revocations and changes of passwords. Every two
 * seconds one of them is killed by SIGKILL and started again; or PostgreSQL is. Clients try again, at another server. Every
 * answer that arrived is still true afterwards, and no client that tried again lost its tokens.
 *
 * `npm run kills -w @latchkey/server` does so for ten minutes each, or many times for a few seconds; the suite once for eight
 * seconds. KILLS_SEED repeats a run's choices.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, afterEach, describe, expect, it, onTestFailed } from 'vitest'
import { type Calls, createCalls, sleep } from './kills/calls.js'
import { type Checked, checkAll } from './kills/final-check.js'
import { Journal } from './kills/journal.js'
import { type KillOptions, killPostgres, killServers } from './kills/kill.js'
import { runClient } from './kills/run-client.js'
import { openWorld, type World } from './kills/world.js'
import { storeName } from './test-store.js'

const seconds = Number(process.env.KILLS_SECONDS ?? 8)
const firstSeed = Number(process.env.KILLS_SEED ?? Date.now() % 2 ** 31)
const seeds = Array.from({ length: Number(process.env.KILLS_RUNS ?? 1) }, (_, i) => firstSeed + i)
const failed: string[] = []
const [clients, pauseMs] = [8, 40]
const timeout = seconds * 2000 + 120_000
const healsWithinMs = 10_000

let folder: string
let world: World
let journal: Journal
let calls: Calls
async function open(seed: number): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-kills-'))
  world = await openWorld(folder, seed)
  journal = new Journal()
  calls = createCalls(
    world.servers.map(({ url }) => url),
    journal,
  )
}
afterEach(async () => {
  // A test that ran out of time may still be waiting.
  calls?.close()
  await world?.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}, 60_000)

afterAll(() => {
  if (failed.length > 0) console.log(`${storeName}: ${failed.length} runs failed, with the seeds ${failed.join(', ')}`)
})

async function run(seed: number, what: string, kill: (options: KillOptions) => Promise<void>): Promise<void> {
  onTestFailed(() => void failed.push(`${seed} (${what})`))
  await open(seed)
  const { figures, violations } = journal
  const { servers, calmSinceMs } = world
  const endsAtMs = performance.now() + seconds * 1000
  const isOver = () => calls.isClosed() || performance.now() > endsAtMs || violations.length >= 5
  const common = { seed, calls, journal, calmSinceMs, pauseMs, isOver }
  const load = Array.from({ length: clients }, (_, i) => runClient({ ...common, name: `client${i + 1}` }))
  await Promise.all([kill({ world, calls, journal, seed, isOver }), ...load])

  for (const server of servers) await server.ready()
  // By themselves, without being started once more.
  for (const { url } of servers) await healed(url)
  for (const server of servers) await server.kill()
  for (const server of servers) await server.ready()
  // A second more than they are kept.
  await world.ageAnswers(31)
  const checked = await checkAll({ calls, journal, calmSinceMs, seed })
  console.log(summary(what, seed, journal, checked))
  expect([...violations.slice(0, 5), ...servers.flatMap(({ failures }) => failures)]).toEqual([])
  // It was what it says.
  expect(figures.kills).toBeGreaterThanOrEqual(seconds < 60 ? 1 : Math.floor(seconds / 4))
  expect(Math.min(figures.refreshes, checked.live, checked.stolen)).toBeGreaterThan(0)
  const { unknown, retried, recovered, repeats, races, revocations, secretChanges } = figures
  if (seconds < 60) return
  expect(Math.min(unknown, retried, recovered, repeats, races, revocations, secretChanges)).toBeGreaterThan(0)
}

async function healed(url: string): Promise<void> {
  for (const beganAtMs = performance.now(); ; await sleep(20)) {
    const answer = await fetch(`${url}/v1/revocations`).catch(() => undefined)
    await answer?.text()
    if (answer?.ok) return
    if (performance.now() - beganAtMs > healsWithinMs) throw new Error(`${url} did not heal within ${healsWithinMs} ms`)
  }
}

function summary(what: string, seed: number, { figures: f, violations }: Journal, checked: Checked): string {
  const ms = (value: number) => `${value.toFixed(0)} ms`
  const startsMs = world.servers.flatMap((server) => server.startsMs).sort((one, other) => one - other)
  return [
    `${storeName}: ${what} for ${seconds} s, seed ${seed}: ${f.kills} kills, ${violations.length} violations`,
    `acknowledged: ${f.registrations} registrations, ${f.logins} logins, ${f.refreshes} refreshes, ${f.revocations} revocations, ` +
      `${f.secretChanges} changes of a password (${f.secretChangesLost} with the answer lost)`,
    `${f.races} times two equal refreshes at once, ${f.repeats} answers asked for again, ${f.decisions} access tokens shown`,
    `servers listened again after ${ms(startsMs[startsMs.length >> 1] ?? 0)} (median) to ${ms(startsMs.at(-1) ?? 0)}`,
    `${f.unknown} unknown outcomes, ${f.unsent} requests that nobody listened for; ${f.retried} refreshes tried again, ` +
      `the longest for ${ms(f.longestRetryMs)}, at least ${f.recovered} of them answered from what was stored; ${f.tooLate} later than 30 s`,
    `the longest answer ${ms(f.longestAnswerMs)}; accepted after its acknowledged end for ${ms(f.longestAcceptedMs)} at most, ` +
      `after that and the return of the database for ${ms(f.longestHealingMs)}`,
    `checked at ${world.servers.length} servers started again: ${checked.users} users, ${checked.live} sessions live and ` +
      `${checked.ended} ended (${checked.unsure} of them known from no answer; ${checked.stolen} by a used refresh token just then), ` +
      `${checked.requests} requests`,
  ].join('\n  ')
}

describe.each(seeds)('with what is killed under load, seed %i', (seed) => {
  it(
    `servers killed every 2 s for ${seconds} s: every answer is true afterwards, and no pair is lost`,
    {
      timeout,
    },
    () => run(seed, 'servers killed', killServers),
  )

  it.skipIf(storeName === 'SQLite')(
    `PostgreSQL killed every few seconds for ${seconds} s: every answer is true afterwards, and no pair is lost`,
    { timeout },
    () => run(seed, 'PostgreSQL killed', killPostgres),
  )
})
