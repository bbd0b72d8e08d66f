import { Kysely } from 'kysely'
import type { Engine } from './engine.js'
import { migrate } from './migrate.js'
import type { LatchkeyDatabase } from './schema.js'
import { softDeletePlugin } from './soft-delete.js'
import { openSqliteEngine } from './sqlite/engine.js'
import { StartError } from './start-error.js'
import type { Store } from './store.js'

export interface StoreOptions {
  /** Holds the SQLite file; made with mode 0700 when it is missing. */
  readonly dataFolder: string
  /** Names a PostgreSQL database, which is then used instead. */
  readonly databaseUrl?: string | undefined
  /** Milliseconds since the epoch; default the machine's clock. */
  readonly clock?: () => number
  /** How long a transaction waits for another process that is writing; default 5,000. */
  readonly lockWaitMs?: number
}

/**
 * Opens the store and migrates it. Any number of processes may do so at once, on an empty folder or database too.
 *
 * @throws StartError naming what is wrong with the folder or the database.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dataFolder, databaseUrl, clock = Date.now, lockWaitMs = 5_000 } = options
  const now = () => Math.floor(clock() / 1000)
  const engine = await openEngine(dataFolder, databaseUrl, lockWaitMs)
  const bare = new Kysely<LatchkeyDatabase>({ dialect: engine.dialect })
  const plain = engine.schema === undefined ? bare : bare.withSchema(engine.schema)
  try {
    await migrate(plain as unknown as Kysely<unknown>, engine, now())
  } catch (error) {
    await plain.destroy()
    const where = databaseUrl === undefined ? `in ${dataFolder}` : 'that DATABASE_URL names'
    throw error instanceof StartError
      ? error
      : new StartError('database_unusable', `The database ${where} cannot be brought up to date.`, error)
  }
  const db = plain.withPlugin(softDeletePlugin)
  return Object.freeze({
    dataFolder: databaseUrl === undefined ? dataFolder : undefined,
    db,
    transaction: <Result>(work: Parameters<Store['transaction']>[0]) =>
      db.transaction().execute(work) as Promise<Result>,
    now,
    close: () => plain.destroy(),
  })
}

async function openEngine(dataFolder: string, databaseUrl: string | undefined, lockWaitMs: number): Promise<Engine> {
  if (databaseUrl === undefined) return openSqliteEngine(dataFolder, lockWaitMs)
  const { openPostgresEngine } = await import('./postgres/engine.js')
  return openPostgresEngine(databaseUrl, lockWaitMs)
}
