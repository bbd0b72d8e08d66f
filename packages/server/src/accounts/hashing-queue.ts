import { LatchkeyError } from 'latchkey'

const atOnce = 2
const waitingLimit = 100

export interface HashingQueue {
  /**
   * Runs one hash when its turn comes. The turn is kept until the hash ends, whether or not anybody still waits for it.
   * @throws LatchkeyError `busy` with Retry-After when 100 wait already; and what `work` throws.
   */
  run<Result>(work: () => Promise<Result>): Promise<Finished<Result>>
  load(): { readonly running: number; readonly waiting: number }
}

export interface Finished<Result> {
  readonly result: Result
  /** When the turn came, on `performance.now()`. */
  readonly startedAtMs: number
}

/**
 * The one queue that all password hashing goes through: two at once, since more gain nothing on two cores and starve files, DNS
 * and signatures in the thread pool; the rest in the order of asking.
 */
export function createHashingQueue(): HashingQueue {
  const waiting: (() => void)[] = []
  let running = 0
  let lastHashMs = 0

  function busy(): LatchkeyError {
    const drainMs = (waiting.length / atOnce) * lastHashMs
    return new LatchkeyError('busy', {
      detail: 'too many logins at once',
      retryAfterSeconds: Math.max(1, Math.ceil(drainMs / 1000)),
    })
  }

  async function takeTurn(): Promise<void> {
    if (running < atOnce) {
      running++
      return
    }
    if (waiting.length >= waitingLimit) throw busy()
    // The turn is handed over, not given back: `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  function endTurn(): void {
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }

  return Object.freeze({
    async run<Result>(work: () => Promise<Result>): Promise<Finished<Result>> {
      await takeTurn()
      const startedAtMs = performance.now()
      try {
        return { result: await work(), startedAtMs }
      } finally {
        lastHashMs = performance.now() - startedAtMs
        endTurn()
      }
    },
    load: () => ({ running, waiting: waiting.length }),
  })
}
