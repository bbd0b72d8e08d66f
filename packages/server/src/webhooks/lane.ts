import type { Log } from '../log/log.js'
import type { DeliveryOutcome } from '../metrics/metrics.js'
import type { WebhookDeliveryRow } from '../store/schema.js'
import type { Store } from '../store/store.js'
import type { Turn } from '../sweep/turn.js'
import { postpone, readDue, removeDelivered } from './delivery-rows.js'
import type { Endpoint } from './endpoint.js'
import { retryDelaySeconds } from './retry-delay.js'
import { type SendResult, sendMessage } from './send-message.js'

/** The messages to one endpoint: a slow one holds up no other. */
export interface Lane {
  readonly endpoint: Endpoint
  /** Whether the endpoint has answered 410: nothing is sent to it any more. */
  isGone(): boolean
  /** Sends what is due, as much as there are places for, and goes on while places become free. Settles when none is. */
  fill(): Promise<void>
  /** Lets what runs end, for a second at most, then ends it. What was ended counts as not tried. */
  close(): Promise<void>
}

export interface LaneOptions {
  readonly store: Store
  readonly log: Log
  readonly turn: Turn
  readonly timeoutMs: number
  readonly onOutcome: (outcome: DeliveryOutcome) => void
  /** What could not be read or written. */
  readonly onError: (error: unknown) => void
}

const placesAtOnce = 4
const endWithinMs = 1_000

export function createLane(endpoint: Endpoint, options: LaneOptions): Lane {
  const { store, log, turn, timeoutMs, onOutcome, onError } = options
  const running = new Map<string, Promise<void>>()
  const stopper = new AbortController()
  const facts = { webhook: endpoint.name }
  let filling: Promise<void> | undefined
  let isGone = false
  let isFailing = false
  let isClosed = false

  function fill(): Promise<void> {
    filling ??= startAll().finally(() => {
      filling = undefined
    })
    return filling
  }

  async function startAll(): Promise<void> {
    while (running.size < placesAtOnce && (await turn.isMine())) {
      const rows = await readDue(store, endpoint.key, {
        limit: placesAtOnce - running.size,
        except: [...running.keys()],
      })
      if (rows.length === 0 || isClosed || isGone) return
      for (const row of rows) running.set(row.id, deliver(row))
    }
  }

  async function deliver(row: WebhookDeliveryRow): Promise<void> {
    try {
      const at = new Date(store.clock())
      const result = await sendMessage(endpoint, row, { at, timeoutMs, signal: stopper.signal })
      const isEnded = stopper.signal.aborted && !('status' in result)
      if (!isEnded) await settle(row, result)
    } catch (error) {
      // While the database takes nothing the same message would be sent again and again.
      turn.doubt()
      onError(error)
    }
    running.delete(row.id)
    if (!isClosed && !isGone) fill().catch(onError)
  }

  async function settle(row: WebhookDeliveryRow, result: SendResult): Promise<void> {
    const status = 'status' in result ? result.status : undefined
    if (status !== undefined && status >= 200 && status < 300) {
      await removeDelivered(store, row)
      onOutcome('delivered')
      if (isFailing) log.info('messages of a webhook are taken again', facts)
      isFailing = false
      return
    }
    const reason = 'status' in result ? `status ${result.status}` : result.fault
    const delay = retryDelaySeconds(row.attempts + 1)
    if (status === 410 && !isGone) {
      isGone = true
      log.error('a webhook answered 410 Gone: nothing is sent to it until this server is restarted', facts)
    }
    await postpone(store, row, delay)
    onOutcome('failed')
    if (!isFailing && !isGone)
      log.warn('messages of a webhook are not taken; they are sent again', { ...facts, reason })
    isFailing = true
    if (delay !== undefined) return
    onOutcome('given_up')
    log.error('a message of a webhook was given up', { ...facts, id: row.id, tries: row.attempts + 1, reason })
  }

  return Object.freeze({
    endpoint,
    isGone: () => isGone,
    fill,
    async close() {
      isClosed = true
      // Who began it hears of what went wrong.
      await filling?.catch(() => {})
      const timer = setTimeout(() => stopper.abort(), endWithinMs)
      await Promise.all(running.values())
      clearTimeout(timer)
    },
  })
}
