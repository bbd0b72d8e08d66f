import { beginRead, type RevocationCopy } from 'latchkey/token'
import type { Log } from '../log/log.js'
import { type FeedRead, feedStart } from '../store/feed.js'
import type { Store } from '../store/store.js'
import { applyRows } from './apply-rows.js'

const everyMs = 200
const pageRows = 10_000

export interface StoreFollower {
  /** Reads everything that was committed before this call. */
  catchUp(): Promise<void>
  /** Ends after the read that runs. */
  close(): Promise<void>
}

export interface StoreFollowerParts {
  readonly store: Store
  readonly revocations: RevocationCopy
  /** Told once when reads begin to fail. */
  readonly log: Log
  /** Called after a read, with what it says beside the rows. */
  readonly onRead?: (read: FeedRead) => Promise<void> | void
  /** Called after each attempt, whether or not it succeeded. */
  readonly onTick?: () => void
}

/**
 * Keeps the revocations of this process up to date with the store: reads the feed every 200 ms, page after page to its end.
 * Holds no process open. While the store is away the copy grows older, and says so.
 */
export function followStore(parts: StoreFollowerParts): StoreFollower {
  const { store, revocations, log, onRead, onTick } = parts
  let cursor = feedStart
  let feedId: string | undefined
  let isFailing = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined

  async function pass(): Promise<void> {
    const began = beginRead()
    let read = await store.readFeed(cursor, pageRows)
    // After a restored backup the cursor means another place. What is known stays until it expires.
    if (feedId !== undefined && read.feedId !== feedId) read = await store.readFeed(feedStart, pageRows)
    feedId = read.feedId
    let settled = read.settled
    // Each page at once: a million rows held together would take half a gigabyte.
    let unknown = applyRows(revocations, read.rows)
    // Once a row is not settled, none after it is.
    for (let allSettled = read.settled === read.last; read.more; ) {
      read = await store.readFeed(read.last, pageRows)
      unknown += applyRows(revocations, read.rows)
      if (allSettled) settled = read.settled
      allSettled &&= read.settled === read.last
    }
    if (unknown > 0) log.warn('the feed has rows of a kind that this version does not know', { rows: unknown })
    cursor = settled
    revocations.readUpTo(began)
    await onRead?.(read)
    if (store.isTimeSound()) revocations.sweep(store.now())
  }

  let running: Promise<void> | undefined
  let following: Promise<void> | undefined
  function begin(): Promise<void> {
    running = pass().finally(() => {
      running = undefined
    })
    return running
  }

  function catchUp(): Promise<void> {
    if (running === undefined) return begin()
    // What runs began before: it need not have what was committed since.
    following ??= running
      .catch(() => {})
      .then(() => {
        following = undefined
        return running ?? begin()
      })
    return following
  }

  async function tick(): Promise<void> {
    try {
      await catchUp()
      if (isFailing) log.warn('the feed of revocations is read again')
      isFailing = false
    } catch (error) {
      if (!isFailing) log.error('the feed of revocations cannot be read', { err: error })
      isFailing = true
    }
    onTick?.()
    if (!isClosed) next()
  }

  function next(): void {
    timer = setTimeout(tick, everyMs)
    timer.unref()
  }

  next()
  return Object.freeze({
    catchUp,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await (following ?? running)?.catch(() => {})
    },
  })
}
