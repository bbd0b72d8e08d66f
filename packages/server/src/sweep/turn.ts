import type { Store } from '../store/store.js'
import { createLease, type LeaseName } from './lease.js'

/** A lease for what a node does all the time, in small parts. */
export interface Turn {
  /** Whether it is this node's turn; takes it, or keeps it, when nobody else has it. The database is asked every eight seconds. */
  isMine(): Promise<boolean>
  /** Asks the database the next time. */
  doubt(): void
  /** Lets another node go on at once. */
  giveBack(): Promise<void>
}

/** Whoever is stopped in the middle loses it when these are over. */
const leaseSeconds = 20
const renewEveryMs = 8_000

export function createTurn(store: Store, name: LeaseName): Turn {
  const lease = createLease(store, name)
  let renewedAtMs = Number.NEGATIVE_INFINITY
  return Object.freeze({
    async isMine() {
      if (performance.now() - renewedAtMs < renewEveryMs) return true
      const askedAtMs = performance.now()
      const isMine = await lease.take(leaseSeconds)
      renewedAtMs = isMine ? askedAtMs : Number.NEGATIVE_INFINITY
      return isMine
    },
    doubt() {
      renewedAtMs = Number.NEGATIVE_INFINITY
    },
    async giveBack() {
      if (renewedAtMs === Number.NEGATIVE_INFINITY) return
      renewedAtMs = Number.NEGATIVE_INFINITY
      await lease.giveBack(0)
    },
  })
}
