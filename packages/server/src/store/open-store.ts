import { Kysely } from 'kysely'
import { migrate } from './migrate.js'
import type { LatchkeyDatabase } from './schema.js'
import { softDeletePlugin } from './soft-delete.js'
import { sqliteColumnTypes } from './sqlite/column-types.js'
import { LatchkeySqliteDialect } from './sqlite/dialect.js'
import { openSqliteDatabase } from './sqlite/open-database.js'
import { StartError } from './start-error.js'
import type { Store } from './store.js'

export interface StoreOptions {
  /** Holds the SQLite file; made with mode 0700 when it is missing. */
  readonly dataFolder: string
  /** Milliseconds since the epoch; default the machine's clock. */
  readonly clock?: () => number
  /** How long a transaction waits for another process that is writing; default 5,000. */
  readonly lockWaitMs?: number
}

/**
 * Opens the store and migrates it. Any number of processes may do so at once, on an empty folder too.
 *
 * @throws StartError naming what is wrong with the folder or the database.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { dataFolder, clock = Date.now, lockWaitMs = 5_000 } = options
  const now = () => Math.floor(clock() / 1000)
  const database = await openSqliteDatabase(dataFolder)
  const plain = new Kysely<LatchkeyDatabase>({ dialect: new LatchkeySqliteDialect(database, lockWaitMs) })
  try {
    await migrate(plain as unknown as Kysely<unknown>, sqliteColumnTypes, now())
  } catch (error) {
    await plain.destroy()
    throw error instanceof StartError
      ? error
      : new StartError('database_unusable', `The database in ${dataFolder} cannot be brought up to date.`, error)
  }
  const db = plain.withPlugin(softDeletePlugin)
  return Object.freeze({
    dataFolder,
    db,
    transaction: <Result>(work: Parameters<Store['transaction']>[0]) =>
      db.transaction().execute(work) as Promise<Result>,
    now,
    close: () => plain.destroy(),
  })
}
