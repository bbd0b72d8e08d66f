/** Whether this process can do its work at this moment, and what keeps it from it. */
import type { Log } from '../log/log.js'
import type { SigningKeys } from '../signing-keys/signing-keys.js'
import type { Store } from '../store/store.js'

/**
 * `stopping`: it was asked to end. `database`: the feed of revocations was not read within the last second. `writes`: the
 * database can be read, and takes nothing. `clock`: the database's time was set within the last ten seconds. `keys`: no key may
 * sign.
 */
export const unreadyReasons = ['stopping', 'database', 'writes', 'clock', 'keys'] as const
export type UnreadyReason = (typeof unreadyReasons)[number]

export interface Readiness {
  /** Empty when it is ready. */
  reasons(): readonly UnreadyReason[]
  /** The same, for whoever decides by it where to send requests: a process that stops waits until they have heard. */
  answer(): readonly UnreadyReason[]
  /** Called several times a second: writes into the log what has changed, and tries whether a database that failed heals. */
  look(): void
}

export interface Lifecycle {
  /** Whether the process was asked to end: then requests should be sent elsewhere. */
  isStopping(): boolean
  /** Somebody wants to know whether it is ready. */
  readinessAsked(): void
}

export interface ReadinessParts {
  readonly store: Store
  readonly revocations: { ageMs(): number | undefined }
  readonly signingKeys: Pick<SigningKeys, 'signingKey'>
  readonly log: Log
  readonly lifecycle: Lifecycle
}

/** What is fresh, as guards understand it. */
const freshMs = 1_000
const jumpFeltMs = 10_000
const tryEveryMs = 1_000

export function createReadiness({ store, revocations, signingKeys, log, lifecycle }: ReadinessParts): Readiness {
  const holding = new Set<string>()
  let triedAtMs = Number.NEGATIVE_INFINITY
  let isTrying = false

  function maySign(): boolean {
    try {
      signingKeys.signingKey(store.now())
      return true
    } catch {
      return false
    }
  }

  function reasons(): readonly UnreadyReason[] {
    const found: readonly (readonly [UnreadyReason, boolean])[] = [
      ['stopping', lifecycle.isStopping()],
      ['database', (revocations.ageMs() ?? Number.POSITIVE_INFINITY) > freshMs],
      ['writes', store.writeProblem() !== undefined],
      ['clock', (store.clockJump()?.agoMs ?? Number.POSITIVE_INFINITY) < jumpFeltMs],
      ['keys', !maySign()],
    ]
    return found.filter(([, holds]) => holds).map(([reason]) => reason)
  }

  /** Of `database` whoever reads the feed tells, and of `stopping` whoever stops. */
  function tell(): void {
    for (const [reason, { began, ended, facts }] of Object.entries(told)) {
      const holds = reasons().includes(reason as UnreadyReason)
      if (holds === holding.has(reason)) continue
      if (holds) {
        holding.add(reason)
        log.error(began, facts())
      } else {
        holding.delete(reason)
        log.warn(ended)
      }
    }
  }

  const told = {
    writes: {
      began: 'the database takes nothing that is written',
      ended: 'the database takes what is written again',
      facts: () => ({ err: store.writeProblem() }),
    },
    clock: {
      began: 'the time of the database was set',
      ended: 'the time of the database was not set again',
      facts: () => ({ byMs: Math.round(store.clockJump()?.byMs ?? 0) }),
    },
    keys: { began: 'no key may sign', ended: 'tokens are signed again', facts: () => ({}) },
  }

  /** Without requests nobody else would find out that the database takes what is written again. */
  function tryToWrite(): void {
    if (isTrying || store.writeProblem() === undefined || performance.now() - triedAtMs < tryEveryMs) return
    triedAtMs = performance.now()
    isTrying = true
    store
      .tryToWrite()
      // What comes of it is remembered by the store.
      .catch(() => {})
      .finally(() => {
        isTrying = false
      })
  }

  return Object.freeze({
    reasons,
    answer() {
      lifecycle.readinessAsked()
      return reasons()
    },
    look() {
      tell()
      tryToWrite()
    },
  })
}
