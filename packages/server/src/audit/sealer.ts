import { LatchkeyError } from 'latchkey'
import type { Log } from '../log/log.js'
import type { Store } from '../store/store.js'
import { createTurn } from '../sweep/turn.js'
import type { SealMacs } from './audit-keys.js'
import { hasUnsealedRows, rowsAtOnce, sealRows } from './seal-rows.js'

export interface SealerOptions {
  readonly store: Store
  readonly macs: SealMacs
  readonly log: Log
  /** How often it looks for new rows; default 1,000. */
  readonly everyMs?: number
}

export interface Sealer {
  /** Ends after the batch that runs. */
  close(): Promise<void>
}

/** So long it rests after a full seal, in times of what that took: beside millions of rows without one, requests go on. */
const restTimes = 4

/**
 * Begins to seal the audit log: looks for new rows every second, and seals them when it is this node's turn. Nobody waits for
 * it. It holds no process open, and what goes wrong is tried again a second later. The lease only spares work: two nodes that
 * both take it for theirs still make one chain.
 */
export function startSealer({ store, macs, log, everyMs = 1_000 }: SealerOptions): Sealer {
  const turn = createTurn(store, 'sealing')
  let isFailing = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined

  /** Whether more rows may wait. */
  async function seal(): Promise<boolean> {
    if (!(await hasUnsealedRows(store)) || !(await turn.isMine())) return false
    return (await sealRows(store, macs)) === rowsAtOnce
  }

  async function tick(): Promise<void> {
    const beganAtMs = performance.now()
    let isMore = false
    try {
      isMore = await seal()
      isFailing = false
    } catch (error) {
      // A database that is away is told of elsewhere.
      const isBusy = error instanceof LatchkeyError && error.code === 'busy'
      if (!isBusy && !isFailing) log.error('the audit log could not be sealed', { err: error })
      isFailing = !isBusy
    }
    if (!isClosed) next(isMore ? restTimes * (performance.now() - beganAtMs) : everyMs)
  }

  let running: Promise<void> | undefined
  function next(ms: number): void {
    timer = setTimeout(() => {
      running = tick()
    }, ms)
    timer.unref()
  }

  next(everyMs)
  return Object.freeze({
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running
    },
  })
}
