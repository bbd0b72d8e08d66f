/** Whether a copy of the revocations is new enough to let a token through. */
import { checkInteger } from '../options.js'
import type { Revocations } from '../token/index.js'

export interface FreshnessOptions {
  readonly revocations?: Revocations
  readonly maxStalenessSeconds?: number
  readonly whenStale?: 'refuse' | 'accept'
}

const defaultStalenessSeconds = 300

/**
 * Makes the question that is asked for every token that is otherwise good. It is answered from the copy's age at that moment,
 * never by a timer, which would not run in a process that sleeps.
 * @throws TypeError for a wrong option.
 */
export function createFreshness(options: FreshnessOptions): () => boolean {
  const { revocations, maxStalenessSeconds = defaultStalenessSeconds, whenStale = 'refuse' } = options
  const maxAgeMs = checkInteger('maxStalenessSeconds', maxStalenessSeconds, 1, 86_400) * 1000
  if (whenStale !== 'refuse' && whenStale !== 'accept') throw new TypeError('whenStale must be "refuse" or "accept"')
  if (revocations?.ageMs === undefined) return () => true
  return () => {
    const ageMs = revocations.ageMs?.()
    // Without any copy nothing is known of who was logged out, so that `accept` does not help either.
    if (ageMs === undefined) return false
    return ageMs <= maxAgeMs || whenStale === 'accept'
  }
}
