import type { Database } from 'better-sqlite3'
import {
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type SelectModifierNode,
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
    return new WithoutRowLocks()
  }

  createAdapter(): DialectAdapter {
    return new SqliteAdapter()
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new SqliteIntrospector(db)
  }
}

/** SQLite knows no `for update`, and needs none: a transaction that writes has locked the whole file from its beginning. */
class WithoutRowLocks extends SqliteQueryCompiler {
  protected override visitSelectModifier(node: SelectModifierNode): void {
    if (node.modifier !== 'ForUpdate' && node.modifier !== 'ForNoKeyUpdate') super.visitSelectModifier(node)
  }
}
