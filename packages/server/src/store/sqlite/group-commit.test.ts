import fs, { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '../open-store.js'
import type { Store } from '../store.js'

type Done = (error: NodeJS.ErrnoException | null) => void

const flushToDisk = fs.fdatasync
let folder: string
const opened: Store[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
})
afterEach(async () => {
  useDisk(flushToDisk)
  for (const store of opened.splice(0)) await store.close()
  rmSync(folder, { recursive: true })
})

async function open(dataFolder = folder): Promise<Store> {
  const store = await openStore({ dataFolder })
  opened.push(store)
  return store
}

/** The disk is all that is replaced here: Node's own call that flushes a file. */
function useDisk(flush: typeof fs.fdatasync): void {
  fs.fdatasync = flush
  syncBuiltinESMExports()
}

/** A disk that takes its time: each flush waits until it is let go. */
function slowDisk(): { readonly waiting: (() => void)[]; next(): Promise<void> } {
  const waiting: (() => void)[] = []
  useDisk(((file: number, done: Done) => {
    waiting.push(() => flushToDisk(file, done))
  }) as typeof fs.fdatasync)
  async function next(): Promise<void> {
    while (waiting.length === 0) await tick()
    waiting.shift()?.()
    await tick()
  }
  return { waiting, next }
}

const tick = () => new Promise((resolve) => setTimeout(resolve, 5))

const write = (store: Store, name: string) =>
  store.transaction((transaction) => transaction.insertInto('meta').values({ name, value: '1' }).execute())
const read = (store: Store, name: string) =>
  store.db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()

/** Whether it has settled, and with it all that was to follow at once. */
async function isSettled(work: Promise<unknown>): Promise<boolean> {
  let settled = false
  work.then(
    () => (settled = true),
    () => (settled = true),
  )
  await tick()
  return settled
}

it('acknowledges a transaction after a flush that began behind its commit', async () => {
  const store = await open()
  const disk = slowDisk()
  const first = write(store, 'first')
  await tick()
  const second = write(store, 'second')
  expect(await isSettled(first)).toBe(false)
  await disk.next()
  expect(await isSettled(first)).toBe(true)
  // It was committed while that flush was running.
  expect(await isSettled(second)).toBe(false)
  await disk.next()
  await second
})

it('counts a transaction from its commit, not from what it wrote', async () => {
  const store = await open()
  const disk = slowDisk()
  const first = write(store, 'first')
  while (disk.waiting.length === 0) await tick()
  const second = write(store, 'second')
  let secondIsFlushed = () => {}
  const flushing = new Promise<void>((resolve) => {
    secondIsFlushed = resolve
  })
  const third = store.transaction(async (transaction) => {
    await transaction.insertInto('meta').values({ name: 'third', value: '1' }).execute()
    await flushing
  })
  await disk.next()
  await first
  while (disk.waiting.length === 0) await tick()
  secondIsFlushed()
  await tick()
  await disk.next()
  await second
  expect(await isSettled(third)).toBe(false)
  await disk.next()
  await third
})

it('flushes once for all that were committed since the flush before', async () => {
  const store = await open()
  const disk = slowDisk()
  const writes = Array.from({ length: 16 }, (_, number) => write(store, `row ${number}`))
  await disk.next()
  await disk.next()
  await Promise.all(writes)
  expect(disk.waiting).toEqual([])
})

it('shows no row that the power could still take away, to whom it may', async () => {
  const [writer, other] = [await open(), await open()]
  await read(other, 'none')
  const disk = slowDisk()
  const written = write(writer, 'row')
  await tick()
  const readers = [read(writer, 'row'), read(other, 'row')]
  for (const reader of readers) expect(await isSettled(reader)).toBe(false)
  while (!(await isSettled(Promise.all([written, ...readers])))) await disk.next()
  expect(await Promise.all(readers)).toEqual([{ value: '1' }, { value: '1' }])
})

it('waits for no disk to read what is on it', async () => {
  const store = await open()
  await write(store, 'row')
  const disk = slowDisk()
  expect(await read(store, 'row')).toEqual({ value: '1' })
  expect(disk.waiting).toEqual([])
})

it('is busy when the disk refuses, and trusts the log again only when all is in the database', async () => {
  const store = await open()
  const refusals: number[] = []
  useDisk(((file: number, done: Done) => {
    refusals.push(file)
    done(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }))
  }) as typeof fs.fdatasync)
  await expect(write(store, 'lost')).rejects.toMatchObject({ code: 'busy' })
  // No second flush of the log: a disk that dropped pages says yes to that.
  await write(store, 'kept')
  expect(refusals).toHaveLength(1)
  // The database's own file, without the log.
  const copy = join(folder, 'copy')
  mkdirSync(copy)
  copyFileSync(join(folder, 'latchkey.db'), join(copy, 'latchkey.db'))
  expect(await read(await open(copy), 'kept')).toEqual({ value: '1' })
  useDisk(flushToDisk)
  await write(store, 'again')
})
