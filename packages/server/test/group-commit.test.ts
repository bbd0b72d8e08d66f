/** What SQLite has acknowledged is on disk: seen by a disk that takes its time, or refuses. */
import fs, { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createLatchkey } from '../src/index.js'
import { openStore } from '../src/store/open-store.js'
import type { Store } from '../src/store/store.js'
import { ann, secret } from './server.js'

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

it('flushes for a transaction that found nothing to do: what it saw may be why it is acknowledged', async () => {
  const store = await open()
  const disk = slowDisk()
  const first = write(store, 'row')
  while (disk.waiting.length === 0) await tick()
  const second = store.transaction((transaction) => transaction.selectFrom('meta').selectAll().execute())
  expect(await isSettled(second)).toBe(false)
  await disk.next()
  await first
  expect(await isSettled(second)).toBe(false)
  await disk.next()
  await second
})

it('lets nobody who only reads wait for the disk', async () => {
  const store = await open()
  const disk = slowDisk()
  const written = write(store, 'row')
  await tick()
  expect(await read(store, 'row')).toEqual({ value: '1' })
  expect(await isSettled(written)).toBe(false)
  await disk.next()
  await written
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

it('repeats an answer only when what it repeats is on disk', async () => {
  const latchkey = await createLatchkey({ dataFolder: folder, issuer: 'http://localhost:4000' })
  try {
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await latchkey.fetch(
        new Request(`http://localhost:4000${path}`, { method: 'POST', headers, body: JSON.stringify(body) }),
      )
      return answer.text()
    }
    await post('/v1/client/register', ann)
    const { refresh_token } = JSON.parse(await post('/v1/token', { account: ann.account, secret, type: 100 }))
    const disk = slowDisk()
    const first = post('/v1/token/refresh', { refresh_token })
    while (disk.waiting.length === 0) await tick()
    const second = post('/v1/token/refresh', { refresh_token })
    for (let i = 0; i < 20; i++) expect(await isSettled(second)).toBe(false)
    await disk.next()
    const answer = await first
    expect(JSON.parse(answer).refresh_token).toMatch(/^lkr_/)
    expect(await isSettled(second)).toBe(false)
    await disk.next()
    expect(await second).toBe(answer)
  } finally {
    useDisk(flushToDisk)
    await latchkey.close()
  }
})
