import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../open-store.js'
import type { Store } from '../store.js'

let folder: string
let dataFolder: string
const opened: Store[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'))
  dataFolder = join(folder, 'data')
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(folder, { recursive: true })
})

async function open(): Promise<Store> {
  const store = await openStore({ dataFolder })
  opened.push(store)
  return store
}

const mode = (path: string) => statSync(path).mode & 0o777
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable(),
    (error) => error,
  )

describe('opening a SQLite file', () => {
  it('makes folder and file for their owner alone, the files beside it too', async () => {
    const store = await open()
    await store.transaction((t) => t.insertInto('meta').values({ name: 'a', value: 'b' }).execute())
    expect(mode(dataFolder)).toBe(0o700)
    for (const name of ['latchkey.db', 'latchkey.db-wal', 'latchkey.db-shm']) {
      expect([name, mode(join(dataFolder, name))]).toEqual([name, 0o600])
    }
  })

  it('leaves the mode of a folder that was there', async () => {
    mkdirSync(dataFolder)
    chmodSync(dataFolder, 0o755)
    await open()
    expect(mode(dataFolder)).toBe(0o755)
  })

  it('puts every commit on disk, and follows references', async () => {
    const { db } = await open()
    const pragma = async (name: string) =>
      Object.values((await sql.raw(`pragma ${name}`).execute(db)).rows[0] as object)
    expect(await pragma('journal_mode')).toEqual(['wal'])
    expect(await pragma('synchronous')).toEqual([1])
    expect(await pragma('foreign_keys')).toEqual([1])
  })

  it('refuses a file that is no database, and leaves it as it is', async () => {
    mkdirSync(dataFolder)
    writeFileSync(join(dataFolder, 'latchkey.db'), 'not a database'.repeat(100))
    const error = await failure(open())
    expect([error.name, error.reason]).toEqual(['StartError', 'not_a_database'])
    expect(readFileSync(join(dataFolder, 'latchkey.db'), 'utf8')).toBe('not a database'.repeat(100))
  })

  it('refuses a folder that cannot be one, by its name', async () => {
    writeFileSync(dataFolder, '')
    const error = await failure(open())
    expect([error.reason, error.message]).toEqual(['folder_unusable', expect.stringContaining(dataFolder)])
  })
})
