import type { Kysely, Transaction } from 'kysely'
import type { ReadFeed } from './feed.js'
import type { LatchkeyDatabase } from './schema.js'

export type Reading = Kysely<LatchkeyDatabase>
export type Writing = Transaction<LatchkeyDatabase>

/** An open database, brought up to date. Users and identities that were soft-deleted are not seen through it. */
export interface Store {
  /** The folder of the SQLite file, where the secret lies too; undefined for a database that many machines share. */
  readonly dataFolder: string | undefined
  /** For reads. Writing goes through `transaction`. */
  readonly db: Reading
  /**
   * Runs `work` in one writing transaction and commits; on SQLite one runs at a time, so nothing slow belongs inside.
   * @throws LatchkeyError `busy` when another process keeps the database locked; and whatever `work` throws, after rolling back.
   */
  transaction<Result>(work: (transaction: Writing) => Promise<Result>): Promise<Result>
  readonly readFeed: ReadFeed
  /** The store's clock, in milliseconds since the epoch: the same on every node. Brought up to date by each read of the feed. */
  clock(): number
  /** The same in whole seconds: what rows are compared with. */
  now(): number
  close(): Promise<void>
}
