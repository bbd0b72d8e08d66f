/** The feed as services read it, page by page: what is settled, what comes again, and what may be kept. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createFeedPages, type FeedPage } from '../../src/revocations/read-page.js'
import { openStore } from '../../src/store/open-store.js'
import type { Store } from '../../src/store/store.js'
import { nameFeed, openTransaction, rename, writeRows } from './feed-rows.js'
import { createTestDatabase, storeName, type TestDatabase } from './test-store.js'

const pageRows = 10_000
/** How long a page is answered again. */
const againMs = 50

let folder: string
let database: TestDatabase
let store: Store
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-pages-'))
  database = await createTestDatabase(folder)
  store = await openStore(database.storeOptions)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

const ids = (page: FeedPage) => page.rows.map(([, id]) => id)
const hash = (list: readonly string[]) => createHash('sha256').update(list.join()).digest('hex')
const soon = () => new Promise((resolve) => setTimeout(resolve, 2 * againMs))

describe('a page', () => {
  it('is everything there is, says when it was read and by whom, and where to go on', async () => {
    const [first, second] = await writeRows(store, 2)
    const began = [Date.now(), performance.now()] as const
    const page = await createFeedPages(store).read('')
    expect(page).toMatchObject({
      more: false,
      final: false,
      keys_version: 0,
      feed_id: expect.stringMatching(/^[\w-]{22}$/),
    })
    expect(page.rows).toEqual([first, second].map((id) => ['s', id, 1, 4_000_000_000]))
    expect(page.process_id).toMatch(/^[0-9a-f]{16}$/)
    for (const [told, then, now] of [
      [page.now, began[0], Date.now()],
      [page.process_ms, began[1], performance.now()],
    ] as const) {
      expect(told).toBeGreaterThanOrEqual(Math.floor(then) - 50)
      expect(told).toBeLessThanOrEqual(now + 50)
    }
    expect(page.age_ms).toBeGreaterThanOrEqual(0)
    expect(page.age_ms).toBeLessThanOrEqual(performance.now() - began[1] + 1)
    expect(page.next.split('~')).toEqual([page.feed_id, expect.stringMatching(/^[0-9.]+$/)])
  })

  it('of nothing is where it began', async () => {
    const pages = createFeedPages(store)
    const { next, rows, more, final } = await pages.read('')
    expect([rows, more, final]).toEqual([[], false, false])
    const [id] = await writeRows(store, 1)
    expect(ids(await pages.read(next))).toEqual([id])
  })

  it('is followed by what came after it alone', async () => {
    const pages = createFeedPages(store)
    await writeRows(store, 3)
    const { next } = await pages.read('')
    const [id] = await writeRows(store, 1)
    expect(ids(await pages.read(next))).toEqual([id])
  })

  it('that is full and settled is final, and the last one never is', async () => {
    const written = await writeRows(store, pageRows + 1)
    const pages = createFeedPages(store)
    const first = await pages.read('')
    expect([first.rows.length, first.more, first.final, first.next.split('~').length]).toEqual([
      pageRows,
      true,
      true,
      2,
    ])
    const last = await pages.read(first.next)
    expect([last.rows.length, last.more, last.final, last.next.split('~').length]).toEqual([1, false, false, 2])
    expect(hash([...ids(first), ...ids(last)])).toBe(hash(written))
    const [id] = await writeRows(store, 1)
    expect(ids(await pages.read(last.next))).toEqual([id])
  })
})

describe('a cursor of another feed', () => {
  it('is the start, also in the middle of a pass, and from there the other feed is read on', async () => {
    const pages = createFeedPages(store)
    const [earlier] = await writeRows(store, 1)
    const { next: first } = await pages.read('')
    await writeRows(store, 1)
    const { next } = await pages.read(first)
    await nameFeed(store, 'another')
    // It has another row where this one's first was.
    await rename(store, earlier as string, 'in-its-place')
    const [later] = await writeRows(store, 1)
    const page = await pages.read(next)
    expect(ids(page)).toEqual(expect.arrayContaining(['in-its-place', later]))
    expect(page.next).toMatch(/^another~[0-9.]+$/)
    expect(ids(await pages.read(page.next))).toEqual([])
    const inTheMiddle = `${first}~${next.split('~')[1]}`
    expect(inTheMiddle.split('~')[1]).not.toBe(inTheMiddle.split('~')[2])
    const { rows, next: then } = await pages.read(inTheMiddle)
    expect([rows, then]).toEqual([page.rows, page.next])
  })
})

describe('a page that was read a moment ago', () => {
  it('is answered again for 50 ms, and says how old it is; then it is read anew', async () => {
    const pages = createFeedPages(store)
    let atMs = performance.now()
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => atMs)
    onTestFinished(() => void clock.mockRestore())
    const page = await pages.read('')
    await writeRows(store, 1)
    atMs += againMs
    const again = await pages.read('')
    expect([page.age_ms, again.age_ms]).toEqual([0, againMs])
    expect({ ...again, age_ms: 0 }).toEqual(page)
    atMs += 1
    const anew = await pages.read('')
    expect([anew.rows.length, anew.age_ms, anew.process_ms]).toEqual([1, 0, Math.floor(atMs)])
  })

  it('is not, where it could not be read', async () => {
    const own = await openStore(database.storeOptions)
    const pages = createFeedPages(own)
    const readFeed = own.readFeed
    let isAway = true
    const flaky = createFeedPages({
      ...own,
      readFeed: (...args) => (isAway ? Promise.reject(new Error('gone')) : readFeed(...args)),
    })
    await expect(flaky.read('')).rejects.toThrow('gone')
    isAway = false
    expect((await flaky.read('')).rows).toEqual((await pages.read('')).rows)
    await own.close()
  })
})

describe.runIf(storeName === 'PostgreSQL')('while a transaction is open that began before', () => {
  it('pages go on to the end, none is final, and the next pass begins where all was settled', async () => {
    const pages = createFeedPages(store)
    const [settled] = await writeRows(store, 1)
    const open = await openTransaction(database.storeOptions)
    const later = await writeRows(store, 2 * pageRows)
    const passes: FeedPage[] = []
    for (let after = ''; ; after = passes.at(-1)?.next as string) {
      passes.push(await pages.read(after))
      if (passes.at(-1)?.more === false) break
    }
    expect(passes.map(({ rows, final }) => [rows.length, final])).toEqual([
      [pageRows, false],
      [pageRows, false],
      [1, false],
    ])
    expect(hash(passes.flatMap(ids))).toBe(hash([settled as string, ...later]))
    // In the middle a cursor says both: up to where all is settled, and up to where it has read.
    expect(passes.map(({ next }) => next.split('~').length)).toEqual([3, 3, 2])
    expect(new Set(passes.map(({ next }) => next.split('~')[1])).size).toBe(1)
    await open.commit()
    await soon()
    const next = await pages.read(passes.at(-1)?.next as string)
    expect(ids(next)[0]).toBe(open.id)
    expect(hash(ids(next).slice(1))).toBe(hash(later.slice(0, pageRows - 1)))
    expect([next.final, next.next.split('~').length]).toEqual([true, 2])
  })

  it('a page that is settled to its end is final all the same', async () => {
    const pages = createFeedPages(store)
    const settled = await writeRows(store, pageRows)
    const open = await openTransaction(database.storeOptions)
    const later = await writeRows(store, 2)
    const first = await pages.read('')
    expect([first.final, first.next.split('~').length, hash(ids(first))]).toEqual([true, 2, hash(settled)])
    const second = await pages.read(first.next)
    expect([ids(second), second.next]).toEqual([later, first.next])
    await open.commit()
    await soon()
    expect(ids(await pages.read(second.next))).toEqual([open.id, ...later])
  })
})
