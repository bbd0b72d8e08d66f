import type { Counters } from './counters.js'

/** How many requests may come from one place on the network in a time. */
export interface Limit {
  /**
   * Counts a request from this address prefix. One whose address nobody knows is not counted: all of them together would lock
   * each other out.
   * @throws LatchkeyError `too_many_requests` with the time until there are places again.
   */
  take(addressPrefix: string | undefined): Promise<void>
}

export interface LimitOptions {
  readonly counters: Counters
  /** As clients are told it. */
  readonly name: string
  /** 0: no limit. */
  readonly places: number
  /** From the first request on. */
  readonly seconds: number
}

/** Makes a counter per address prefix. */
export function createLimit({ counters, name, places, seconds }: LimitOptions): Limit {
  return Object.freeze({
    async take(addressPrefix: string | undefined) {
      if (addressPrefix === undefined || places === 0) return
      const taken = await counters.take([{ limit: name, key: `${name} ${addressPrefix}`, places, seconds }])
      // Whatever becomes of it, it has come.
      await taken.end(true)
    },
  })
}
