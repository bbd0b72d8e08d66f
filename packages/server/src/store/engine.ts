import type { Dialect, RawBuilder } from 'kysely'
import type { ColumnTypes } from './column-types.js'
import type { ReadFeed } from './feed.js'
import type { HorizonHolder } from './horizon.js'
import type { Reading, Writing } from './store.js'

/** A database as the store sees it: how it is spoken to, and where it differs from others. Each folder makes one. */
export interface Engine {
  readonly dialect: Dialect
  readonly types: ColumnTypes
  /** The schema that holds the tables, apart from those of the application; undefined where there are none. */
  readonly schema: string | undefined
  createReadFeed(db: Reading): ReadFeed
  /** Undefined where transactions that write follow one another. */
  createReadHorizon?(db: Reading): () => Promise<HorizonHolder | undefined>
  /** Puts the feed in order where a dump brought rows from elsewhere. Undefined where its order does not depend on that. */
  renewFeedOrder?(transaction: Writing): Promise<void>
  /** Copies the database into a file, marked as a backup. Undefined where the database has its own way. */
  backUp?(file: string, madeAt: string): void
  /** Closes what the dialect does not. */
  close?(): Promise<void> | void
  /** Answers a row when there is a table of that name. */
  findTable(name: string): RawBuilder<{ readonly found: string }>
  /** Run at the beginning of a migration: whoever else migrates waits. Undefined where a writing transaction does that. */
  readonly migrationLock: RawBuilder<unknown> | undefined
}
