/** Whether a copy of the revocations is new enough to let a token through. */
import { checkInteger } from '../options.js'
import type { Revocations } from '../token/index.js'

export interface FreshnessOptions {
  readonly revocations?: Revocations
  readonly maxStalenessSeconds?: number
  readonly whenStale?: 'refuse' | 'accept'
}

const defaultStalenessSeconds = 300

export interface Freshness {
  /** Asked for every token that is otherwise good. `wallMs` is `Date.now()`, where it was read just now. */
  isUsable(wallMs?: number): boolean
  /** How often the answer was yes though the copy was older than a second: so late a revocation may have been refused here. */
  lagging(): number
}

const freshMs = 1_000

/**
 * Makes the question. It is answered from the copy's age at that moment, never by a timer, which would not run in a process that
 * sleeps.
 * @throws TypeError for a wrong option.
 */
export function createFreshness(options: FreshnessOptions): Freshness {
  const { revocations, maxStalenessSeconds = defaultStalenessSeconds, whenStale = 'refuse' } = options
  const maxAgeMs = checkInteger('maxStalenessSeconds', maxStalenessSeconds, 1, 86_400) * 1000
  if (whenStale !== 'refuse' && whenStale !== 'accept') throw new TypeError('whenStale must be "refuse" or "accept"')
  if (revocations?.ageMs === undefined) return alwaysFresh
  let lagging = 0
  return {
    isUsable(wallMs) {
      const ageMs = revocations.ageMs?.(wallMs)
      // Without any copy nothing is known of who was logged out, so that `accept` does not help either.
      if (ageMs === undefined) return false
      if (ageMs <= freshMs) return true
      const isUsable = ageMs <= maxAgeMs || whenStale === 'accept'
      if (isUsable) lagging++
      return isUsable
    },
    lagging: () => lagging,
  }
}

/** Where no revocations are known, none can be late. */
export const alwaysFresh: Freshness = Object.freeze({ isUsable: () => true, lagging: () => 0 })
