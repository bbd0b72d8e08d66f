import type { Kysely, Transaction } from 'kysely'
import type { ReadFeed } from './feed.js'
import type { HorizonHolder } from './horizon.js'
import type { LatchkeyDatabase } from './schema.js'
import type { ClockJump } from './store-clock.js'

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
  /** What keeps rows of the feed unsettled; undefined when nothing does. */
  readHorizon(): Promise<HorizonHolder | undefined>
  /** The store's clock, in milliseconds since the epoch: the same on every node. Brought up to date by each read of the feed. */
  clock(): number
  /** The same in whole seconds: what rows are compared with. */
  now(): number
  /** How the clock was last found to have been set; undefined when it never was. */
  clockJump(): ClockJump | undefined
  /** Whether the time is right to within an hour, as far as that can be known: else nothing must be removed by it. */
  isTimeSound(): boolean
  /** The store's time less that of this machine, in milliseconds; 0 where the clock was given. */
  clockOffsetMs(): number
  /** Why the storage failed a transaction of the last seconds; undefined when it failed none, or takes them again. */
  writeProblem(): unknown
  /**
   * Writes something that changes nothing, to find out whether that is possible again.
   * @throws LatchkeyError `busy` when it is not.
   */
  tryToWrite(): Promise<void>
  /**
   * Copies the database into a file that does not exist yet, marked as a backup made at that moment; undefined where the
   * database has its own way.
   * @throws StartError `backup_impossible`
   */
  readonly backUp: ((file: string, madeAt: string) => void) | undefined
  /** Puts the feed in order in a database that came from elsewhere: whoever follows it reads it once more. */
  renewFeedOrder(transaction: Writing): Promise<void>
  /** What the database says of itself; undefined where it says nothing. */
  identity(): string | undefined
  close(): Promise<void>
}
