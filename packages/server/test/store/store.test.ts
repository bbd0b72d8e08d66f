/** What every store does: opening, migrating, and transactions. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withDeleted } from '@latchkey/query'
import type { Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Engine } from '../../src/store/engine.js'
import { migrate } from '../../src/store/migrate.js'
import { type Migration, migrations } from '../../src/store/migrations/index.js'
import { openStore, type StoreOptions } from '../../src/store/open-store.js'
import { openPostgresEngine } from '../../src/store/postgres/engine.js'
import { openSqliteEngine } from '../../src/store/sqlite/engine.js'
import type { Store } from '../../src/store/store.js'
import { createTestDatabase, type TestDatabase } from './test-store.js'

let folder: string
let database: TestDatabase
const opened: Store[] = []
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-store-'))
  database = await createTestDatabase(folder)
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(folder, { recursive: true })
})

async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = await openStore({ ...database.storeOptions, ...options })
  opened.push(store)
  return store
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable(),
    (error) => error,
  )
const user = { nickname: 'ann', role: 'user', created_at: 1, disabled_at: null }
const addUser = (store: Store) => store.transaction((t) => t.insertInto('users').values(user).execute())
const countUsers = async (store: Store) => (await store.db.selectFrom('users').select('uid').execute()).length

describe('opening a store', () => {
  it('keeps what was written before', async () => {
    await addUser(await open())
    await opened.pop()?.close()
    expect(await countUsers(await open())).toBe(1)
  })

  it('works for several at once on an empty database, in one process', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => open()))
    await Promise.all(stores.map(addUser))
    expect(await countUsers(stores[0] as Store)).toBe(8)
  })

  it('works for several at once on an empty database, each a process of its own', async () => {
    const module = fileURLToPath(new URL('../../dist/store/open-store.js', import.meta.url))
    const program = `
      import { openStore } from ${JSON.stringify(module)}
      const store = await openStore(${JSON.stringify(database.storeOptions)})
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
  const adds = (name: string, more: Partial<Migration> = {}): Migration => ({
    name,
    up: (db) => db.schema.createTable('added').addColumn('a', 'text').execute(),
    ...more,
  })

  /** Migrates to these, as another version of the program would. */
  async function migrateTo(known: readonly Migration[]): Promise<void> {
    const { dataFolder, databaseUrl } = database.storeOptions
    const engine: Engine = await (databaseUrl
      ? openPostgresEngine(databaseUrl, 5000)
      : openSqliteEngine(dataFolder, { mustExist: false, lockWaitMs: 5000 }))
    const store = await open()
    try {
      await migrate(store.db as unknown as Kysely<unknown>, engine, 1, known)
    } finally {
      const driver = engine.dialect.createDriver()
      await driver.destroy()
    }
  }

  const tables = async () => {
    const { db } = opened.at(-1) as Store
    return (await db.introspection.getTables()).map(({ name }) => name)
  }

  it('is done as a whole or not at all', async () => {
    const failing = adds('9000-fails', {
      up: async (db) => {
        await adds('').up(db, {} as never)
        throw new Error('in the middle')
      },
    })
    const error = await failure(migrateTo([...migrations, failing]))
    expect(error.message).toBe('in the middle')
    expect(await tables()).not.toContain('added')
    await migrateTo([...migrations, adds('9000-fails')])
    expect(await tables()).toContain('added')
  })

  it('is done once', async () => {
    await migrateTo([...migrations, adds('9000-adds')])
    await migrateTo([...migrations, adds('9000-adds')])
  })

  it('of a newer version is no hindrance, since it only adds: old and new nodes run side by side', async () => {
    await migrateTo([...migrations, adds('9000-adds')])
    await addUser(await open())
  })

  it('of a newer version that breaks older ones stops them, by its name', async () => {
    await migrateTo([...migrations, adds('9000-breaks', { breaking: true })])
    const error = await failure(open())
    expect([error.reason, error.message]).toEqual(['database_newer', expect.stringContaining('9000-breaks')])
  })
})

/** A transaction that has changed every user, and goes on until the test ends it. */
async function hold(store: Store): Promise<{ end(): Promise<void> }> {
  let end = () => {}
  let begun = () => {}
  const holds = new Promise<void>((resolve) => {
    begun = resolve
  })
  const holding = store.transaction(async (t) => {
    await t.updateTable('users').set({ nickname: 'eve' }).execute()
    begun()
    await new Promise<void>((resolve) => {
      end = resolve
    })
  })
  await holds
  return {
    end: () => {
      end()
      return holding as Promise<void>
    },
  }
}

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

  it('that locks, reads and then writes loses no change of another store', async () => {
    const [one, other] = [await open(), await open()]
    await addUser(one)
    const raise = (store: Store) =>
      store.transaction(async (t) => {
        const { epoch } = await t.selectFrom('users').select('epoch').forUpdate().executeTakeFirstOrThrow()
        await t
          .updateTable('users')
          .set({ epoch: epoch + 1 })
          .execute()
      })
    await Promise.all(Array.from({ length: 200 }, (_, i) => raise(i % 2 === 0 ? one : other)))
    expect(await one.db.selectFrom('users').select('epoch').executeTakeFirst()).toEqual({ epoch: 201 })
  })

  it('waits for another one without stopping the event loop, and is refused as busy in the end', async () => {
    const [store, other] = [await open({ lockWaitMs: 200 }), await open()]
    await addUser(store)
    const rename = (one: Store) => one.transaction((t) => t.updateTable('users').set({ nickname: 'bob' }).execute())
    const held = await hold(other)
    let ticks = 0
    const timer = setInterval(() => ticks++, 10)
    const error = await failure(rename(store))
    clearInterval(timer)
    await held.end()
    expect([error.code, error.status, error.headers['retry-after']]).toEqual(['busy', 503, '1'])
    expect(ticks).toBeGreaterThan(5)
    await rename(store)
    expect(await store.db.selectFrom('users').select('nickname').execute()).toEqual([{ nickname: 'bob' }])
  })

  it('of another one does not keep readers waiting, and each waits its own time alone', async () => {
    const [store, other] = [await open({ lockWaitMs: 300 }), await open()]
    await addUser(store)
    const rename = (one: Store) => one.transaction((t) => t.updateTable('users').set({ nickname: 'bob' }).execute())
    const held = await hold(other)
    const began = performance.now()
    const refused = Promise.all(Array.from({ length: 4 }, () => failure(rename(store))))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await countUsers(store)).toBe(1)
    expect(performance.now() - began).toBeLessThan(250)
    expect((await refused).map(({ code }) => code)).toEqual(Array(4).fill('busy'))
    expect(performance.now() - began).toBeLessThan(900)
    await held.end()
  })

  it('gives no number twice, not even that of a row that is gone', async () => {
    const store = await open()
    await addUser(store)
    await store.transaction((t) => t.deleteFrom('users').$call(withDeleted).execute())
    await addUser(store)
    const uids = await store.db.selectFrom('users').select('uid').execute()
    expect(uids).toEqual([{ uid: 2 }])
  })
})

it('the clock of the store counts whole seconds', async () => {
  const store = await open({ clock: () => 1_999 })
  expect(store.now()).toBe(1)
})
