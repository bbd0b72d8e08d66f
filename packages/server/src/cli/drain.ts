import { setTimeout as sleep } from 'node:timers/promises'

export interface Drain {
  /** Whether the process was asked to end: then /readyz says so. */
  isStopping(): boolean
  /** Somebody asked for /readyz. */
  readinessAsked(): void
  /**
   * The process was asked to end. Waits for five seconds where somebody has asked for /readyz lately, and will send requests
   * here until the answer is another one; else not at all.
   */
  begin(): Promise<void>
}

const askedLatelyMs = 30_000
/** How long it waits. */
export const drainMs = 5_000

export function createDrain(): Drain {
  let isStopping = false
  let askedAtMs = Number.NEGATIVE_INFINITY
  return Object.freeze({
    isStopping: () => isStopping,
    readinessAsked() {
      askedAtMs = performance.now()
    },
    async begin() {
      isStopping = true
      if (performance.now() - askedAtMs < askedLatelyMs) await sleep(drainMs)
    },
  })
}
