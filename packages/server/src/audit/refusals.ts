import { LatchkeyError } from 'latchkey'
import type { Log } from '../log/log.js'
import type { Store } from '../store/store.js'
import { nobody } from './actor.js'
import type { AccountHash } from './audit-keys.js'
import { type AuditEvent, writeAuditEvents } from './write-audit-event.js'

/** What was refused. `account` is what a login named, normalised; only its hash is kept. */
export type Refusal = Pick<AuditEvent, 'event' | 'by' | 'uid' | 'clientType' | 'detail'> & {
  readonly account?: string | undefined
}

export interface Refusals {
  /**
   * Remembers a refusal, to be written within half a second. Waits for nothing and never throws. While 100 wait, more are
   * counted and not kept: an event `refusals_dropped` then says how many.
   */
  write(refusal: Refusal): void
  /** Writes what waits. */
  close(): Promise<void>
}

export interface RefusalsOptions {
  readonly store: Store
  readonly accountHash: AccountHash
  readonly log: Log
}

const everyMs = 500
const places = 100

/**
 * Makes the writer of refusals. They change nothing, so they need no transaction of their own: many are written in one, and an
 * answer never waits for the disk. A process that is killed loses those of the last half second; while the database is away
 * they wait, as many as there are places.
 */
export function createRefusals({ store, accountHash, log }: RefusalsOptions): Refusals {
  let waiting: AuditEvent[] = []
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let isFailing = false

  async function flush(): Promise<void> {
    const [events, count] = [waiting, dropped]
    waiting = []
    dropped = 0
    const more: AuditEvent = {
      ...{ at: store.now(), event: 'refusals_dropped', outcome: 'refused', by: nobody({}) },
      detail: String(count),
    }
    try {
      await store.transaction((transaction) => writeAuditEvents(transaction, count > 0 ? [...events, more] : events))
      isFailing = false
    } catch (error) {
      keep(events, count)
      // A database that is away is told of elsewhere.
      const isBusy = error instanceof LatchkeyError && error.code === 'busy'
      if (!isBusy && !isFailing) log.error('refusals could not be written into the audit log', { err: error })
      isFailing = !isBusy
    }
  }

  /** For the next time; what came meanwhile may have taken the places. */
  function keep(events: readonly AuditEvent[], count: number): void {
    const all = [...events, ...waiting]
    waiting = all.slice(0, places)
    dropped += count + all.length - waiting.length
  }

  function begin(): void {
    timer = undefined
    running = flush().finally(() => {
      running = undefined
      if (waiting.length + dropped > 0) schedule()
    })
  }

  function schedule(): void {
    if (timer !== undefined || running !== undefined) return
    timer = setTimeout(begin, everyMs)
    timer.unref()
  }

  return Object.freeze({
    write({ account, clientType, ...refusal }: Refusal) {
      schedule()
      if (waiting.length >= places) {
        dropped++
        return
      }
      const hash = account === undefined || clientType === undefined ? undefined : accountHash(clientType, account)
      waiting.push({ ...refusal, at: store.now(), outcome: 'refused', clientType, accountHash: hash })
    },
    async close() {
      await running
      clearTimeout(timer)
      if (waiting.length + dropped > 0) await flush()
      clearTimeout(timer)
    },
  })
}
