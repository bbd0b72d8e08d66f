/** The feed of revocations: what one node revokes, every other one refuses, and no row is ever missed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createRevocationCopy } from 'latchkey/token'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createPlainLog } from '../../src/log/log.js'
import { followStore, type StoreFollower } from '../../src/revocations/follow-store.js'
import { writeRevocations } from '../../src/revocations/write-revocations.js'
import { feedStart } from '../../src/store/feed.js'
import { openStore } from '../../src/store/open-store.js'
import type { Store } from '../../src/store/store.js'
import { nameFeed, openTransaction, rename, writeRows } from './feed-rows.js'
import { createTestDatabase, storeName, type TestDatabase } from './test-store.js'

let folder: string
let database: TestDatabase
let store: Store
const opened: { close(): Promise<void> }[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-feed-'))
  database = await createTestDatabase(folder)
  store = await open()
})
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
  rmSync(folder, { recursive: true })
})

async function open(): Promise<Store> {
  const made = await openStore(database.storeOptions)
  opened.push(made)
  return made
}

/** `npm run processes -w @latchkey/server` sets it to 1. */
const scale = Number(process.env.PROCESSES_SCALE ?? 0.02)
const far = 4_000_000_000
const idOf = (number: number) => Buffer.from(String(number).padStart(16, '0')).toString('base64url')
const row = (number: number) => ({ kind: 's' as const, id: idOf(number), min: 1, expires_at: far })
const write = (...numbers: number[]) => store.transaction((t) => writeRevocations(t, numbers.map(row)))
const range = (length: number) => Array.from({ length }, (_, i) => i)

function follow(of: Store) {
  const revocations = createRevocationCopy()
  const log: string[] = []
  const follower: StoreFollower = followStore({ store: of, revocations, log: createPlainLog((line) => log.push(line)) })
  opened.push(follower)
  const knows = (number: number) => revocations.refuses({ sid: idOf(number), gen: 0 }, '')
  return { revocations, follower, log, knows, missing: (count: number) => range(count).filter((i) => !knows(i)) }
}

describe('reading the feed', () => {
  it('answers rows after a cursor in pages, each once, and goes on where it ended', async () => {
    await write(...range(25))
    const seen: string[] = []
    let read = await store.readFeed(feedStart, 10)
    for (; ; read = await store.readFeed(read.last, 10)) {
      seen.push(...read.rows.map(({ id }) => id))
      if (!read.more) break
    }
    expect(seen).toEqual(range(25).map(idOf))
    await write(25)
    const next = await store.readFeed(read.settled, 10)
    expect(next.rows.map(({ id }) => id)).toEqual([idOf(25)])
  })

  it.each(['', 'x', '-1', '1e9', '1.2.3', "1'; drop table revocations", '999999999999999999999.1'])(
    'takes the cursor %j, which is none, for the start',
    async (cursor) => {
      await write(1)
      expect((await store.readFeed(cursor, 10)).rows).toHaveLength(1)
    },
  )

  it.skipIf(storeName === 'PostgreSQL')('waits for no transaction when there is nothing new', async () => {
    await write(1)
    const { settled } = await store.readFeed(feedStart, 10)
    await store.readFeed(settled, 10)
    const within = await store.transaction(() => store.readFeed(settled, 10))
    expect(within.rows).toEqual([])
    await write(2)
    expect((await store.readFeed(settled, 10)).rows.map(({ id }) => id)).toEqual([idOf(2)])
  })

  it('names the feed, which stays the same', async () => {
    const { feedId } = await store.readFeed(feedStart, 1)
    expect(feedId).toMatch(/^[\w-]{22}$/)
    expect((await (await open()).readFeed(feedStart, 1)).feedId).toBe(feedId)
  })
})

describe('a follower', () => {
  it('knows within a second what another node revoked, and how old its copy is', async () => {
    const other = follow(await open())
    await other.follower.catchUp()
    const delays: number[] = []
    for (const number of range(20)) {
      await write(number)
      const committed = performance.now()
      while (!other.knows(number)) await new Promise((resolve) => setTimeout(resolve, 2))
      delays.push(performance.now() - committed)
    }
    console.log(`${storeName}: seen after ${Math.max(...delays).toFixed(0)} ms at the most, of 20`)
    expect(Math.max(...delays)).toBeLessThan(1000)
    expect(other.revocations.ageMs()).toBeLessThan(1000)
  })

  it('knows from its first read what was revoked while it was not there, over many pages', async () => {
    const numbers = range(12_345)
    for (let at = 0; at < numbers.length; at += 500) await write(...numbers.slice(at, at + 500))
    const late = follow(await open())
    expect(late.revocations.ageMs()).toBeUndefined()
    await late.follower.catchUp()
    expect(late.missing(numbers.length)).toEqual([])
  })

  it('begins anew when the feed is another one, and keeps what it knew', async () => {
    const other = follow(await open())
    await write(1, 2, 3)
    await other.follower.catchUp()
    await store.transaction((t) => t.deleteFrom('revocations').execute())
    await nameFeed(store, 'another')
    await write(4)
    await other.follower.catchUp()
    expect([1, 2, 3, 4].map(other.knows)).toEqual([true, true, true, true])
  })

  it('begins anew also when the other feed has rows behind where it was', async () => {
    const other = follow(await open())
    await write(1, 2, 3)
    await other.follower.catchUp()
    await nameFeed(store, 'another')
    await rename(store, idOf(1), idOf(4))
    await write(5)
    await other.follower.catchUp()
    expect([1, 2, 3, 4, 5].map(other.knows)).toEqual([true, true, true, true, true])
  })

  it('says how many rows of all pages are of a kind that it does not know, and follows the others', async () => {
    const unknown = (number: number) => ({ ...row(number), kind: 'z' as 's' })
    const reader = await open()
    await store.transaction((t) => writeRevocations(t, [row(1), unknown(2), unknown(3)]))
    await writeRows(store, 10_000)
    await store.transaction((t) => writeRevocations(t, [unknown(4), row(5)]))
    const other = follow(reader)
    await other.follower.catchUp()
    expect(other.log[0]).toBe('latchkey: the feed has rows of a kind that this version does not know rows=3')
    expect([1, 5].map(other.knows)).toEqual([true, true])
  })

  it('grows older while the store is away, says so once, and heals', async () => {
    const own = await openStore(database.storeOptions)
    const readFeed = own.readFeed
    let away = false
    const flaky: Store = {
      ...own,
      readFeed: (...args) => (away ? Promise.reject(new Error('gone')) : readFeed(...args)),
    }
    const other = follow(flaky)
    await other.follower.catchUp()
    away = true
    await new Promise((resolve) => setTimeout(resolve, 900))
    expect(other.revocations.ageMs()).toBeGreaterThan(600)
    expect(other.log).toEqual([
      expect.stringMatching(/^latchkey: the feed of revocations cannot be read: Error: gone\n/),
    ])
    away = false
    await write(7)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect([other.knows(7), (other.revocations.ageMs() as number) < 500]).toEqual([true, true])
    expect(other.log.at(-1)).toBe('latchkey: the feed of revocations is read again')
    await other.follower.close()
    await own.close()
  })

  it('catches up with what was committed before it was asked to, though a read is running already', async () => {
    const own = await open()
    let hasRead = () => {}
    const read = new Promise<void>((resolve) => {
      hasRead = resolve
    })
    const { readFeed } = own
    const slow: Store = {
      ...own,
      async readFeed(...args) {
        const answer = await readFeed(...args)
        hasRead()
        await new Promise((resolve) => setTimeout(resolve, 300))
        return answer
      },
    }
    const { follower, knows } = follow(slow)
    const running = follower.catchUp()
    await read
    await write(1, 2)
    await Promise.all([follower.catchUp(), follower.catchUp()])
    expect([knows(1), knows(2)]).toEqual([true, true])
    await running
  })

  it.each([
    ['forgets what expired an hour ago', true],
    ['forgets nothing while nobody knows what time it is', false],
  ])('%s', async (_, isSound) => {
    const own = await open()
    const other = follow({ ...own, isTimeSound: () => isSound })
    const over = { ...row(1), expires_at: own.now() - 1 }
    await store.transaction((t) => writeRevocations(t, [over, row(2)]))
    await other.follower.catchUp()
    expect(other.revocations.size).toBe(2)
    const now = performance.now.bind(performance)
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 3_601_000)
    onTestFinished(() => void clock.mockRestore())
    await other.follower.catchUp()
    expect([other.revocations.size, other.knows(2)]).toEqual([isSound ? 1 : 2, true])
  })

  it('reads nothing once it is closed, and is closed once nothing is read', async () => {
    const own = await open()
    let [reading, reads] = [0, 0]
    const { follower } = follow({
      ...own,
      async readFeed(...args) {
        reads++
        reading++
        await new Promise((resolve) => setTimeout(resolve, 100))
        return own.readFeed(...args).finally(() => reading--)
      },
    })
    // One that was begun by its clock, and one that waits for that.
    while (reading === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    follower.catchUp()
    await follower.close()
    const [readingThen, readsThen] = [reading, reads]
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect([readingThen, reads]).toEqual([0, readsThen])
  })

  describe.runIf(storeName === 'PostgreSQL')(
    'hears of a row that was written before those of many pages, and is committed after',
    () => {
      it.each([0, 10_000, 10_001])('behind %i others', async (before) => {
        await writeRows(store, before)
        const late = await openTransaction(database.storeOptions)
        await writeRows(store, 20_000)
        // One pass over all of it.
        const { follower, revocations } = follow(await open())
        await follower.catchUp()
        expect(revocations.refuses({ sid: late.id, gen: 0 }, '')).toBe(false)
        await late.commit()
        await follower.catchUp()
        expect(revocations.refuses({ sid: late.id, gen: 0 }, '')).toBe(true)
      })
    },
  )

  it.runIf(storeName === 'PostgreSQL')(
    'misses no row of writers that commit in another order than they began, nor waits for one that never ends',
    async () => {
      const other = follow(await open())
      let end = () => {}
      const openElsewhere = (await open()).transaction(async (t) => {
        // A transaction with a number of its own, older than all that follow.
        await t.insertInto('meta').values({ name: 'elsewhere', value: '' }).execute()
        await new Promise<void>((resolve) => {
          end = resolve
        })
      })
      const writers = 64
      const each = Math.ceil((100_000 * scale) / writers)
      const stores = await Promise.all(range(6).map(open))
      await Promise.all(
        range(writers).map(async (writer) => {
          for (const i of range(each)) {
            const own = stores[writer % stores.length] as Store
            await own.transaction(async (t) => {
              await writeRevocations(t, [row(writer * each + i)])
              await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
            })
          }
        }),
      )
      await other.follower.catchUp()
      const missed = other.missing(writers * each)
      console.log(
        `${writers * each} rows of ${writers} writers, one transaction open elsewhere: ${missed.length} missed`,
      )
      expect(missed).toEqual([])
      end()
      await openElsewhere
    },
    300_000,
  )
})
