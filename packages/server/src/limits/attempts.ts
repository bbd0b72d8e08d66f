import { LatchkeyError } from 'latchkey'
import { type LimitOptions, tooMany } from './limit.js'
import { RateLimiterMemory } from './rate-limiter.js'

/** How many secrets may be tried from one place on the network. Each process counts on its own. */
export interface Attempts {
  /**
   * Runs what verifies a secret, for a request from this address prefix. Only secrets that turn out wrong (`auth_failed`) count.
   * While others run, whose outcome is not known, no more run than could all be wrong. Without an address nothing is counted.
   * @throws LatchkeyError `too_many_requests`, without running it; and whatever `work` throws.
   */
  run<Result>(addressPrefix: string | undefined, work: () => Promise<Result>): Promise<Result>
}

/** Makes the counter: `places` wrong secrets in each `seconds`. */
export function createAttempts({ places, seconds }: LimitOptions): Attempts {
  const wrong = new RateLimiterMemory({ points: places, duration: seconds })
  const running = new Map<string, number>()

  async function check(key: string): Promise<void> {
    const counted = await wrong.get(key)
    const { consumedPoints = 0, msBeforeNext = 0 } = counted ?? {}
    if (consumedPoints >= places) throw tooMany(msBeforeNext)
    if (consumedPoints + (running.get(key) ?? 0) > places) throw tooMany(0)
  }

  return Object.freeze({
    async run<Result>(key: string | undefined, work: () => Promise<Result>): Promise<Result> {
      if (key === undefined) return work()
      running.set(key, (running.get(key) ?? 0) + 1)
      try {
        await check(key)
        return await work()
      } catch (error) {
        if (error instanceof LatchkeyError && error.code === 'auth_failed') await wrong.penalty(key)
        throw error
      } finally {
        const others = (running.get(key) as number) - 1
        if (others === 0) running.delete(key)
        else running.set(key, others)
      }
    },
  })
}
