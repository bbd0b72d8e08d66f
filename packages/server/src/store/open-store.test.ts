import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { type Kysely, sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrate } from './migrate.js'
import { migrations } from './migrations/index.js'
import { openStore, type StoreOptions } from './open-store.js'
import { sqliteColumnTypes } from './sqlite/column-types.js'
import type { Store } from './store.js'

let folder: string
let dataFolder: string
const opened: Store[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-store-'))
  dataFolder = join(folder, 'data')
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(folder, { recursive: true })
})

async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openStore({ dataFolder, ...options })
  opened.push(store)
  return store
}

const mode = (path: string) => statSync(path).mode & 0o777
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable(),
    (error) => error,
  )
const user = { nickname: 'ann', role: 'user', created_at: 1, disabled_at: null }
const addUser = (store: Store) => store.transaction((t) => t.insertInto('users').values(user).execute())
const countUsers = async (store: Store) => (await store.db.selectFrom('users').select('uid').execute()).length

describe('opening a store', () => {
  it('makes folder and file for their owner alone, the files beside it too', async () => {
    await addUser(await open())
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

  it('keeps what was written before', async () => {
    await addUser(await open())
    await opened.pop()?.close()
    expect(await countUsers(await open())).toBe(1)
  })

  it('puts every commit on disk, and follows references', async () => {
    const { db } = await open()
    const pragma = async (name: string) =>
      Object.values((await sql.raw(`pragma ${name}`).execute(db)).rows[0] as object)
    expect(await pragma('journal_mode')).toEqual(['wal'])
    expect(await pragma('synchronous')).toEqual([2])
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

  it('refuses the database of a newer version, by the name of what it does not know', async () => {
    const { db } = await open()
    await sql`insert into latchkey_migrations values ('9999-from-the-future', 1)`.execute(db)
    const error = await failure(open())
    expect([error.reason, error.message]).toEqual(['database_newer', expect.stringContaining('9999-from-the-future')])
  })

  it('works for several at once on an empty folder, in one process', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => open()))
    await Promise.all(stores.map(addUser))
    expect(await countUsers(stores[0] as Store)).toBe(8)
  })

  it('works for several at once on an empty folder, each a process of its own', async () => {
    const module = fileURLToPath(new URL('../../dist/store/open-store.js', import.meta.url))
    const program = `
      import { openStore } from ${JSON.stringify(module)}
      const store = await openStore({ dataFolder: ${JSON.stringify(dataFolder)} })
      for (let i = 0; i < 25; i++) {
        await store.transaction((t) => t.insertInto('users').values(${JSON.stringify(user)}).execute())
      }
      await store.close()`
    const runs = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let error = ''
      child.stderr.on('data', (chunk) => {
        error += chunk
      })
      return new Promise((resolve) => child.on('close', (code) => resolve({ code, error })))
    })
    expect(await Promise.all(runs)).toEqual(Array(4).fill({ code: 0, error: '' }))
    expect(await countUsers(await open())).toBe(100)
  })
})

describe('a migration', () => {
  const failing = {
    name: '9000-fails',
    up: async (db: Kysely<unknown>) => {
      await sql`create table half (a integer)`.execute(db)
      throw new Error('in the middle')
    },
  }

  it('is done as a whole or not at all', async () => {
    const { db } = await open()
    const plain = db as unknown as Kysely<unknown>
    const error = await failure(migrate(plain, sqliteColumnTypes, 1, [...migrations, failing]))
    expect(error.message).toBe('in the middle')
    const tables = await sql<{ name: string }>`select name from sqlite_master where name = 'half'`.execute(db)
    const applied = await sql<{ name: string }>`select name from latchkey_migrations`.execute(db)
    expect(tables.rows).toEqual([])
    expect(applied.rows.map(({ name }) => name)).toEqual(migrations.map(({ name }) => name))
  })

  it('is done once', async () => {
    const { db } = await open()
    await expect(migrate(db as unknown as Kysely<unknown>, sqliteColumnTypes, 1)).resolves.toBeUndefined()
  })
})

describe('a transaction', () => {
  it('leaves nothing behind when its work throws', async () => {
    const store = await open()
    const work = store.transaction(async (t) => {
      await t.insertInto('users').values(user).execute()
      throw new Error('changed its mind')
    })
    expect((await failure(work)).message).toBe('changed its mind')
    expect(await countUsers(store)).toBe(0)
    await addUser(store)
    expect(await countUsers(store)).toBe(1)
  })

  it('that reads and then writes loses no change of another store on the same file', async () => {
    const [one, other] = [await open(), await open()]
    await addUser(one)
    const raise = (store: Store) =>
      store.transaction(async (t) => {
        const { epoch } = await t.selectFrom('users').select('epoch').executeTakeFirstOrThrow()
        await t
          .updateTable('users')
          .set({ epoch: epoch + 1 })
          .execute()
      })
    await Promise.all(Array.from({ length: 200 }, (_, i) => raise(i % 2 === 0 ? one : other)))
    expect(await one.db.selectFrom('users').select('epoch').executeTakeFirst()).toEqual({ epoch: 201 })
  })

  it('waits for another writer without stopping the event loop, and is refused as busy in the end', async () => {
    const store = await open({ lockWaitMs: 200 })
    const other = new Database(join(dataFolder, 'latchkey.db'))
    other.exec('begin immediate')
    let ticks = 0
    const timer = setInterval(() => ticks++, 10)
    const error = await failure(addUser(store))
    clearInterval(timer)
    other.exec('rollback')
    other.close()
    expect([error.code, error.status, error.headers['retry-after']]).toEqual(['busy', 503, '1'])
    expect(ticks).toBeGreaterThan(5)
    await addUser(store)
    expect(await countUsers(store)).toBe(1)
  })

  it('gives no number twice, not even that of a row that is gone', async () => {
    const store = await open()
    await addUser(store)
    await sql`delete from users`.execute(store.db)
    await addUser(store)
    expect(await store.db.selectFrom('users').select('uid').execute()).toEqual([{ uid: 2 }])
  })
})

it('the clock of the store counts whole seconds', async () => {
  const store = await open({ clock: () => 1_999 })
  expect(store.now()).toBe(1)
})
