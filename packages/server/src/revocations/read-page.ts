import { randomBytes } from 'node:crypto'
import { type FeedRead, feedStart } from '../store/feed.js'
import type { Store } from '../store/store.js'

const pageRows = 10_000

/** What GET /v1/revocations answers. */
export interface FeedPage {
  readonly feed_id: string
  readonly rows: readonly (readonly [kind: string, id: string, min: number, expires_at: number])[]
  /** The cursor to ask with next. */
  readonly next: string
  readonly more: boolean
  /** Full, and settled: it will never be another, however long somebody keeps it. */
  readonly final: boolean
  /** Milliseconds from when the database was read to this answer. */
  readonly age_ms: number
  /** When the database was read, in milliseconds since the epoch. */
  readonly now: number
  /** Which process read it, and when by a clock of its own, in milliseconds: old answers show though `now` was set. */
  readonly process_id: string
  readonly process_ms: number
  readonly keys_version: number
}

/** A page and when its read began, on `performance.now()`. */
interface ReadPage {
  readonly began: number
  readonly page: Omit<FeedPage, 'age_ms'>
}

export interface FeedPages {
  /** The page after a cursor; one that was read a moment ago is answered again, and says how old it is. */
  read(after: string): Promise<FeedPage>
}

const processId = randomBytes(8).toString('hex')
/** However many services ask, most ask for the same page: the database is read for it this often at most. */
const againMs = 50

/** Makes the reader of pages for services. */
export function createFeedPages(store: Store): FeedPages {
  const kept = new Map<string, { readonly began: number; readonly reading: Promise<ReadPage> }>()

  function readOnce(after: string): Promise<ReadPage> {
    const nowMs = performance.now()
    for (const [cursor, { began }] of kept) if (nowMs - began > againMs) kept.delete(cursor)
    const known = kept.get(after)
    if (known !== undefined) return known.reading
    const reading = readPage(store, after)
    kept.set(after, { began: nowMs, reading })
    // A read that failed is tried again by whoever asks next.
    reading.catch(() => kept.delete(after))
    return reading
  }

  return Object.freeze({
    async read(after: string) {
      const { began, page } = await readOnce(after)
      return { ...page, age_ms: Math.ceil(performance.now() - began) }
    },
  })
}

/**
 * Reads the page after a cursor. A cursor holds the name of the feed, up to where all is settled, and in the middle of a pass
 * over rows that are not, up to where it has read: `FEED~SETTLED` or `FEED~SETTLED~LAST`. One of another feed is the start.
 */
async function readPage(store: Store, after: string): Promise<ReadPage> {
  const began = performance.now()
  const nowMs = store.clock()
  const [feed, settled = feedStart, last = settled] = after.split('~')
  let read = await store.readFeed(last, pageRows)
  let from = settled
  let isMiddle = last !== settled
  if (feed !== read.feedId && last !== feedStart) {
    read = await store.readFeed(feedStart, pageRows)
    from = feedStart
    isMiddle = false
  }
  // What an earlier page of this pass left unsettled stays so until the next pass.
  const nextSettled = isMiddle ? from : read.settled
  return {
    began,
    page: {
      feed_id: read.feedId,
      rows: read.rows.map(({ kind, id, min, expires_at }) => [kind, id, min, expires_at] as const),
      next: cursorOf(read, nextSettled),
      more: read.more,
      final: read.more && !isMiddle && read.settled === read.last,
      now: read.nowMs ?? nowMs,
      ...{ process_id: processId, process_ms: Math.floor(began) },
      keys_version: read.keysVersion,
    },
  }
}

function cursorOf({ feedId, last, more }: FeedRead, settled: string): string {
  return more && last !== settled ? `${feedId}~${settled}~${last}` : `${feedId}~${settled}`
}
