import { type Attempts, createAttempts } from './attempts.js'
import { createLimit, type Limit } from './limit.js'

/** The limits there are, each per address prefix and process. Refreshing has none: it needs a token that nobody can guess. */
export interface Limits {
  /** Logins, API keys and changes of a password: 100 wrong ones in 10 minutes. */
  readonly attempts: Attempts
  /** Questions about tokens: 600 in a minute. */
  readonly questions: Limit
  /** Pages of the feed: 60,000 in a minute, which is what 400 services ask for. */
  readonly pages: Limit
}

/** Makes the limits of one process. */
export function createLimits(): Limits {
  return Object.freeze({
    attempts: createAttempts({ places: 100, seconds: 600 }),
    questions: createLimit({ places: 600, seconds: 60 }),
    pages: createLimit({ places: 60_000, seconds: 60 }),
  })
}
