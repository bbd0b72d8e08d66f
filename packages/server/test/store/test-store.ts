/**
 * The database that a run of the tests is for. `vitest.config.mjs` runs those that hold for every store once on each: failures
 * name it.
 */
import { join } from 'node:path'
import { inject, onTestFinished } from 'vitest'
import { type Connection, createDatabase, type Postgres, startPostgres } from '../../../query/test/postgres.js'
import { openStore, type StoreOptions } from '../../src/store/open-store.js'
import type { Store } from '../../src/store/store.js'

declare module 'vitest' {
  interface ProvidedContext {
    store: 'SQLite' | 'PostgreSQL'
    /** A database of the server to use; none where each process starts one. */
    postgres: Connection | undefined
  }
}

export const storeName = inject('store')
const given = inject('postgres')

/** One server for all tests of a process; it ends with the process. */
let postgres: Promise<Postgres> | undefined

export interface TestDatabase {
  readonly storeOptions: StoreOptions
  /** What a server needs to use it, as arguments and as environment. */
  readonly config: {
    readonly dataFolder: string
    readonly databaseUrl?: string
    readonly secret?: string
    readonly issuer?: string
  }
  readonly environment: Readonly<Record<string, string>>
}

/** An empty database; of SQLite in `folder/data`, of PostgreSQL on the tests' own server unless another is given. */
export async function createTestDatabase(folder: string, server?: Postgres): Promise<TestDatabase> {
  const dataFolder = join(folder, 'data')
  if (storeName === 'SQLite') {
    return { storeOptions: { dataFolder }, config: { dataFolder }, environment: { LATCHKEY_DATA: dataFolder } }
  }
  const databaseUrl = await createPostgresDatabase(server)
  const shared = { secret: 'a secret of more than thirty-two bytes', issuer: 'http://localhost:4000' }
  return {
    storeOptions: { dataFolder, databaseUrl },
    config: { dataFolder, databaseUrl, ...shared },
    environment: {
      ...{ DATABASE_URL: databaseUrl, LATCHKEY_SECRET: shared.secret, LATCHKEY_ISSUER: shared.issuer },
      LATCHKEY_DATA: dataFolder,
    },
  }
}

/** The URL of a new database, by default on the tests' own server. */
export async function createPostgresDatabase(server?: Postgres): Promise<string> {
  const { host, port, user, password, database } = await (server?.createDatabase() ?? createTestsOwn())
  return `postgres://${user}:${password}@${host}:${port}/${database}`
}

async function createTestsOwn(): Promise<Connection> {
  if (given !== undefined) return createDatabase(given)
  postgres ??= startPostgres()
  return (await postgres).createDatabase()
}

/** A store on an empty database, closed after the test. */
export async function openTestStore(folder: string): Promise<Store> {
  const { storeOptions } = await createTestDatabase(folder)
  const store = await openStore(storeOptions)
  onTestFinished(() => store.close())
  return store
}
