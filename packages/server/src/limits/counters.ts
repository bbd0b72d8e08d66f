/** Counting tries: in the memory of one process, or in the database that many share. */
import { LatchkeyError } from 'latchkey'

/** Tries under one key. */
export interface Counted {
  /** The name of the limit, as `RateLimit-Policy` tells it. */
  readonly limit: string
  readonly key: string
  /** How many may have failed, or be running, at once. */
  readonly places: number
  /** From the first try on: then all places are free again. */
  readonly seconds: number
}

/** Places that were taken. */
export interface Taken {
  /** After it failed the places stay taken until their time is over; else they are given back. */
  end(failed: boolean): Promise<void>
}

export interface Counters {
  /**
   * Takes a place under each key, or under none.
   * @throws LatchkeyError `too_many_requests` for the first that has none, with the time until it has one; `busy`.
   */
  take(counted: readonly Counted[]): Promise<Taken>
}

/** What is known of a key. */
export interface Count {
  readonly failed: number
  /** Begun, and the end is not known yet. */
  readonly running: number
  /** In seconds, on the clock of whoever counts. */
  readonly endsAt: number
}

/**
 * The refusal, with the headers of draft-ietf-httpapi-ratelimit-headers. Tries that run may yet turn out right: where they are
 * in the way, it is worth trying again soon.
 */
export function tooMany({ limit, places, seconds }: Counted, { failed, endsAt }: Count, now: number): LatchkeyError {
  const wait = failed < places ? 1 : Math.max(Math.ceil(endsAt - now), 1)
  return new LatchkeyError('too_many_requests', {
    retryAfterSeconds: wait,
    headers: {
      'ratelimit-policy': `"${limit}";q=${places};w=${seconds}`,
      ratelimit: `"${limit}";r=0;t=${wait}`,
    },
  })
}
