import { LatchkeyError } from 'latchkey'
import type { Log } from '../log/log.js'
import type { DeliveryOutcome } from '../metrics/metrics.js'
import type { Store } from '../store/store.js'
import { createTurn } from '../sweep/turn.js'
import { hasDue } from './delivery-rows.js'
import type { Endpoint } from './endpoint.js'
import { createLane } from './lane.js'

export interface DelivererOptions {
  readonly store: Store
  /** Without any nothing is done, and the database never asked. */
  readonly endpoints: readonly Endpoint[]
  readonly log: Log
  readonly onOutcome?: ((outcome: DeliveryOutcome) => void) | undefined
  /** How often it looks for messages that are due; default 1,000. */
  readonly everyMs?: number
  /** How long an endpoint may take to answer; default 10,000. */
  readonly timeoutMs?: number
}

export interface Deliverer {
  /** Ends what runs, after a second at most, and lets another node go on. */
  close(): Promise<void>
}

/**
 * Begins to send the messages that are owed: looks for those that are due every second, and sends them when it is this node's
 * turn. Each is sent once or more, in no order that is promised: a row is removed after its message was taken, so whoever is
 * stopped between the two leaves it to be sent again, under the same id. It holds no process open but by a message on its way.
 */
export function startDeliverer(options: DelivererOptions): Deliverer {
  const { store, endpoints, log, onOutcome = () => {}, everyMs = 1_000, timeoutMs = 10_000 } = options
  const turn = createTurn(store, 'delivering')
  const lanes = endpoints.map((endpoint) => createLane(endpoint, { store, log, turn, timeoutMs, onOutcome, onError }))
  let isFailing = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  function onError(error: unknown): void {
    // A database that is away is told of elsewhere.
    const isBusy = error instanceof LatchkeyError && error.code === 'busy'
    if (!isBusy && !isFailing) log.error('messages of webhooks could not be read or written', { err: error })
    isFailing = !isBusy
  }

  async function tick(): Promise<void> {
    const open = lanes.filter((lane) => !lane.isGone())
    const keys = open.map(({ endpoint }) => endpoint.key)
    try {
      if ((await hasDue(store, keys)) && (await turn.isMine())) {
        if (!isClosed) await Promise.all(open.map((lane) => lane.fill()))
      }
      isFailing = false
    } catch (error) {
      onError(error)
    }
    if (!isClosed) next()
  }

  function next(): void {
    timer = setTimeout(() => {
      running = tick()
    }, everyMs)
    timer.unref()
  }

  if (lanes.length > 0) next()
  return Object.freeze({
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running
      await Promise.all(lanes.map((lane) => lane.close()))
      // Without it another node waits until the turn is over.
      await turn.giveBack().catch(onError)
    },
  })
}
