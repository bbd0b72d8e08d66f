import type { Database } from 'better-sqlite3'
import {
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { SqliteDriver } from './driver.js'

/** Kysely's SQLite dialect with the driver of this folder. */
export class LatchkeySqliteDialect implements Dialect {
  readonly #database: Database
  readonly #lockWaitMs: number

  constructor(database: Database, lockWaitMs: number) {
    this.#database = database
    this.#lockWaitMs = lockWaitMs
  }

  createDriver(): Driver {
    return new SqliteDriver(this.#database, this.#lockWaitMs)
  }

  createQueryCompiler(): QueryCompiler {
    return new SqliteQueryCompiler()
  }

  createAdapter(): DialectAdapter {
    return new SqliteAdapter()
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db)
  }
}
