import {
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
} from 'kysely'
import type { Pool } from 'pg'
import { PostgresDriver } from './driver.js'

/** Kysely's PostgreSQL dialect with the driver of this folder. */
export class LatchkeyPostgresDialect implements Dialect {
  readonly #pool: Pool
  readonly #lockWaitMs: number

  constructor(pool: Pool, lockWaitMs: number) {
    this.#pool = pool
    this.#lockWaitMs = lockWaitMs
  }

  createDriver(): Driver {
    return new PostgresDriver(this.#pool, this.#lockWaitMs)
  }

  createQueryCompiler(): QueryCompiler {
    return new PostgresQueryCompiler()
  }

  createAdapter(): DialectAdapter {
    return new PostgresAdapter()
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new PostgresIntrospector(db)
  }
}
