import type { RevocationKind } from './schema.js'

export interface FeedRow {
  readonly kind: RevocationKind
  readonly id: string
  readonly min: number
  readonly expires_at: number
}

/** What one read of the feed brought. A cursor is a text that only the store which gave it understands. */
export interface FeedRead {
  /** Every row after the cursor that is committed, at most as many as were asked for. */
  readonly rows: readonly FeedRow[]
  /** Up to where they go: where the same pass goes on. */
  readonly last: string
  /** Up to where no row can appear any more: what to keep for the next pass. Rows after it come again, which does no harm. */
  readonly settled: string
  /** There may be more rows after `last`. */
  readonly more: boolean
  /** Another one after a backup was restored: then the feed begins anew. */
  readonly feedId: string
  /** One more with every change of the signing keys. */
  readonly keysVersion: number
  /** The database's own clock, in milliseconds since the epoch; undefined where it is this machine's. */
  readonly nowMs: number | undefined
  /** What the database says of itself: another one after it was copied or replaced. Undefined where it says nothing. */
  readonly identity: string | undefined
  /** What it said of itself when it was remembered as the one; undefined before. */
  readonly knownIdentity: string | undefined
}

/** Before all rows. */
export const feedStart = ''

/** Reads the feed after a cursor. A cursor of another feed, or past its end, is read as the start. */
export type ReadFeed = (after: string, limit: number) => Promise<FeedRead>
