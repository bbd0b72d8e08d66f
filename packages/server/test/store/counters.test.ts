/** Places for tries: the same in memory and in the database. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Counted, Counters } from '../../src/limits/counters.js'
import { createMemoryCounters } from '../../src/limits/memory-counters.js'
import { createStoredCounters } from '../../src/limits/stored-counters.js'
import { createPlainLog, silentLog } from '../../src/log/log.js'
import { openStore } from '../../src/store/open-store.js'
import { sweepAttempts } from '../../src/sweep/sweep-rows.js'
import { createTestDatabase } from './test-store.js'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-counters-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const time = { now: 1_800_000_000 }

async function openTestStore() {
  const { storeOptions } = await createTestDatabase(join(folder, String(++count)))
  const store = await openStore({ ...storeOptions, clock: () => time.now * 1000 })
  onTestFinished(() => store.close())
  return store
}

const makers: [string, () => Promise<Counters>][] = [
  ['memory', async () => createMemoryCounters({ now: () => time.now })],
  ['the database', async () => createStoredCounters({ store: await openTestStore(), log: silentLog })],
]

const of = (key: string, places = 2): Counted => ({ limit: key, key, places, seconds: 600 })
/** Undefined when there was room; else after how many seconds to come again, and for which limit. */
const refusalOf = (counters: Counters, ...list: Counted[]) =>
  counters.take(list).then(
    () => undefined,
    ({ code, headers }) => [code, Number(headers['retry-after']), headers['ratelimit-policy']],
  )

describe.each(makers)('places in %s', (_, make) => {
  it('are taken under every key or under none', async () => {
    const counters = await make()
    await counters.take([of('a'), of('b')])
    await counters.take([of('b')])
    const full = ['too_many_requests', 1, '"b";q=2;w=600']
    expect(await refusalOf(counters, of('a'), of('b'))).toEqual(full)
    expect(await refusalOf(counters, of('c'), of('b'), of('a'))).toEqual(full)
    // None of the refused ones took a place of `a`, or of `c`.
    for (const key of ['a', 'c', 'c']) expect(await refusalOf(counters, of(key))).toBeUndefined()
    for (const key of ['a', 'c']) expect((await refusalOf(counters, of(key)))?.[0]).toBe('too_many_requests')
  })

  it('are given back by what did not fail, and else taken until their time is over', async () => {
    const counters = await make()
    for (let i = 0; i < 5; i++) await (await counters.take([of('a')])).end(false)
    for (let i = 0; i < 2; i++) await (await counters.take([of('a')])).end(true)
    expect(await refusalOf(counters, of('a'))).toEqual(['too_many_requests', 600, '"a";q=2;w=600'])
    time.now += 599
    expect(await refusalOf(counters, of('a'))).toEqual(['too_many_requests', 1, '"a";q=2;w=600'])
    time.now += 1
    expect(await refusalOf(counters, of('a'))).toBeUndefined()
  })

  it('of a time that is over are nobody else’s to give back', async () => {
    const counters = await make()
    const [first, second] = [await counters.take([of('a')]), await counters.take([of('a')])]
    time.now += 600
    await counters.take([of('a')])
    await counters.take([of('a')])
    await first.end(false)
    await second.end(true)
    expect(await refusalOf(counters, of('a'))).toEqual(['too_many_requests', 1, '"a";q=2;w=600'])
  })

  it('are none where nothing is counted', async () => {
    const counters = await make()
    for (let i = 0; i < 3; i++) await (await counters.take([])).end(true)
  })
})

it('places in the database are there for all, and those of a process that died are free after a minute', async () => {
  const store = await openTestStore()
  const [dead, alive] = [
    createStoredCounters({ store, log: silentLog }),
    createStoredCounters({ store, log: silentLog }),
  ]
  await (await alive.take([of('a', 3)])).end(true)
  const late = await dead.take([of('a', 3)])
  await dead.take([of('a', 3)])
  expect(await refusalOf(alive, of('a', 3))).toEqual(['too_many_requests', 1, '"a";q=3;w=600'])
  time.now += 60
  const [first] = [await alive.take([of('a', 3)]), await alive.take([of('a', 3)])]
  // The failed one counts still.
  expect((await refusalOf(alive, of('a', 3)))?.[1]).toBe(1)
  // It was not dead after all: what it says of its own counts, and takes nothing from the others.
  await late.end(false)
  expect((await refusalOf(alive, of('a', 3)))?.[1]).toBe(1)
  await first.end(false)
  expect(await refusalOf(alive, of('a', 3))).toBeUndefined()
})

it('tries that run while their time ends leave all places to the next', async () => {
  const counters = createStoredCounters({ store: await openTestStore(), log: silentLog })
  await (await counters.take([of('a')])).end(true)
  time.now += 570
  const late = await counters.take([of('a')])
  time.now += 30
  const [first] = [await counters.take([of('a')]), await counters.take([of('a')])]
  await late.end(true)
  await first.end(false)
  expect(await refusalOf(counters, of('a'))).toBeUndefined()
})

it('a hundred thousand keys are remembered in memory, and no more', async () => {
  const counters = createMemoryCounters({ now: () => time.now })
  for (let i = 0; i <= 100_000; i++) await (await counters.take([of(String(i), 1)])).end(true)
  expect(await refusalOf(counters, of('0', 1))).toBeUndefined()
  expect((await refusalOf(counters, of('100000', 1)))?.[0]).toBe('too_many_requests')
})

it('a database that goes away refuses tries, and changes no answer of one that ran', async () => {
  const { storeOptions } = await createTestDatabase(join(folder, String(++count)))
  const store = await openStore(storeOptions)
  const log: string[] = []
  const counters = createStoredCounters({ store, log: createPlainLog((line) => log.push(line)) })
  const taken = await counters.take([of('a')])
  await store.close()
  await taken.end(true)
  expect(log.join()).toContain('the places of a try could not be given back')
  await expect(counters.take([of('a')])).rejects.toThrow()
})

it('counts whose time is over are swept after a day', async () => {
  const store = await openTestStore()
  const counters = createStoredCounters({ store, log: silentLog })
  await counters.take([of('a'), of('b')])
  time.now += 600 + 24 * 3600
  expect(await sweepAttempts(store)).toEqual({ rows: 0, isDone: true })
  await counters.take([of('b')])
  time.now += 1
  expect(await sweepAttempts(store)).toEqual({ rows: 1, isDone: true })
})
