import type { LimitSettings } from '../config.js'
import type { Log } from '../log/log.js'
import type { Store } from '../store/store.js'
import { type Attempts, createAttempts } from './attempts.js'
import { createLimit, type Limit } from './limit.js'
import { createMemoryCounters } from './memory-counters.js'
import { createStoredCounters } from './stored-counters.js'

/** The limits there are. Refreshing has none: it needs a token that nobody can guess. */
export interface Limits {
  /** Logins, API keys and changes of a password. */
  readonly attempts: Attempts
  readonly registrations: Limit
  /** Questions about tokens: 600 in a minute from one address prefix. */
  readonly questions: Limit
  /** Pages of the feed: 60,000 in a minute from one address prefix, which is what 400 services ask for. */
  readonly pages: Limit
}

export interface LimitsParts {
  readonly store: Store
  readonly settings: LimitSettings
  /** Whether other processes serve the same users: then secrets and registrations are counted in the database. */
  readonly isShared: boolean
  readonly log: Log
}

/** Makes the limits. */
export function createLimits({ store, settings, isShared, log }: LimitsParts): Limits {
  const memory = createMemoryCounters(store)
  const counters = isShared ? createStoredCounters({ store, log }) : memory
  return Object.freeze({
    attempts: createAttempts({ store, counters, limits: settings }),
    registrations: createLimit({
      ...{ counters, name: 'registrations', places: settings.registrationsPerPrefix, seconds: 60 },
    }),
    // These spare the process that is asked, whatever the others are asked.
    questions: createLimit({ counters: memory, name: 'questions', places: 600, seconds: 60 }),
    pages: createLimit({ counters: memory, name: 'pages', places: 60_000, seconds: 60 }),
  })
}
