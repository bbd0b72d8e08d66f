import { LatchkeyError } from 'latchkey'
import { RateLimiterMemory, RateLimiterRes } from './rate-limiter.js'

/** How many requests may come from one place on the network in a time. Each process counts on its own. */
export interface Limit {
  /**
   * Counts a request from this address prefix. One whose address nobody knows is not counted: all of them together would lock
   * each other out.
   * @throws LatchkeyError `too_many_requests` with the time until there are places again.
   */
  take(addressPrefix: string | undefined): Promise<void>
}

export interface LimitOptions {
  readonly places: number
  /** From the first request on. */
  readonly seconds: number
}

/** Makes a counter per address prefix. */
export function createLimit({ places, seconds }: LimitOptions): Limit {
  const limiter = new RateLimiterMemory({ points: places, duration: seconds })
  return Object.freeze({
    async take(addressPrefix: string | undefined) {
      if (addressPrefix === undefined) return
      await limiter.consume(addressPrefix).catch((full: unknown) => {
        throw full instanceof RateLimiterRes ? tooMany(full.msBeforeNext) : full
      })
    },
  })
}

export function tooMany(waitMs: number): LatchkeyError {
  return new LatchkeyError('too_many_requests', { retryAfterSeconds: Math.max(Math.ceil(waitMs / 1000), 1) })
}
