import { LatchkeyError } from 'latchkey'
import type { SealMacs } from '../audit/audit-keys.js'
import type { Log } from '../log/log.js'
import type { Store } from '../store/store.js'
import { createLease } from './lease.js'
import { sweepAudit } from './sweep-audit.js'
import {
  type Swept,
  sweepAttempts,
  sweepDeliveries,
  sweepKeys,
  sweepPrefixes,
  sweepRevocations,
  sweepSessions,
} from './sweep-rows.js'

export interface SweeperOptions {
  readonly store: Store
  readonly log: Log
  readonly onSwept?: ((table: string, rows: number) => void) | undefined
  /** How long rows of the audit log are kept, and what seals them; default: they stay. */
  readonly audit?: { readonly macs: SealMacs; readonly retentionDays: number } | undefined
  /** How often a node looks whether it is its turn; default 60,000. */
  readonly lookEveryMs?: number
  /** Between two batches at least; default 200, so that 10 million sessions are walked over in three hours at best. */
  readonly pauseMs?: number
}

export interface Sweeper {
  /** Ends after the batch that runs. */
  close(): Promise<void>
}

const leaseSeconds = 300
/** After a batch it rests this many times as long as that took: whoever else needs the database has nearly all of it. */
const restsPerWork = 20
/** However long it took: a machine may have slept meanwhile. */
const restAtMostMs = 2_000
const renewEveryMs = 60_000
/** From the end of one sweep to the next. */
const restSeconds = 3600

/**
 * Begins to sweep: removes what was over a day ago, in small batches with pauses, one node at a time. It holds no process open,
 * and what goes wrong is tried again at the next turn.
 */
export function startSweeper(options: SweeperOptions): Sweeper {
  const { store, log, onSwept, audit, lookEveryMs = 60_000, pauseMs = 200 } = options
  const lease = createLease(store, 'sweeping')
  /** Where the walk over the sessions goes on, also after one that was broken off. */
  let after = ''
  let isClosed = false
  let wake: (() => void) | undefined

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      timer.unref()
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Runs batches until there are no more; false when it was somebody else's turn meanwhile, or it is time to end. */
  async function sweepAll(table: string, batch: () => Promise<Swept>, renew: () => Promise<boolean>): Promise<boolean> {
    let total = 0
    try {
      for (;;) {
        if (isClosed || !store.isTimeSound() || !(await renew())) return false
        const beganAtMs = performance.now()
        const { rows, isDone } = await batch()
        const restMs = Math.min(restsPerWork * (performance.now() - beganAtMs), restAtMostMs)
        total += rows
        onSwept?.(table, rows)
        if (isDone) return true
        await pause(Math.max(pauseMs, restMs))
      }
    } finally {
      if (total > 0) log.info('swept', { table, rows: total })
    }
  }

  async function sweep(): Promise<void> {
    if (!store.isTimeSound() || !(await lease.take(leaseSeconds))) return
    let renewedAtMs = performance.now()
    async function renew(): Promise<boolean> {
      if (performance.now() - renewedAtMs < renewEveryMs) return true
      renewedAtMs = performance.now()
      return lease.take(leaseSeconds)
    }
    async function nextSessions(): Promise<Swept> {
      const swept = await sweepSessions(store, after)
      after = swept.isDone ? '' : swept.after
      return swept
    }
    const isDone =
      (await sweepAll('revocations', () => sweepRevocations(store), renew)) &&
      (await sweepAll('signing_keys', () => sweepKeys(store), renew)) &&
      (await sweepAll('attempts', () => sweepAttempts(store), renew)) &&
      (await sweepAll('known_prefixes', () => sweepPrefixes(store), renew)) &&
      (await sweepAll('webhook_deliveries', () => sweepDeliveries(store), renew)) &&
      (audit === undefined || (await sweepAll('audit_events', () => sweepAudit(store, audit), renew))) &&
      (await sweepAll('sessions', nextSessions, renew))
    if (isDone) await lease.giveBack(restSeconds)
  }

  async function run(): Promise<void> {
    while (!isClosed) {
      // Not all nodes at the same moment; and not while a process starts.
      await pause(lookEveryMs * (0.5 + Math.random()))
      if (isClosed) return
      await sweep().catch((error: unknown) => {
        // A database that is away is told of elsewhere.
        const isBusy = error instanceof LatchkeyError && error.code === 'busy'
        if (!isBusy) log.error('rows that are over could not be removed', { err: error })
      })
    }
  }

  const running = run()
  return Object.freeze({
    async close() {
      isClosed = true
      wake?.()
      await running
    },
  })
}
