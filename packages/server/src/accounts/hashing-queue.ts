import { availableParallelism } from 'node:os'
import { LatchkeyError } from 'latchkey'

const mostAtOnce = 2
const waitingLimit = 100
/** From so many guarded requests a second on, one hash at a time leaves them a core. */
const manyASecond = 10
const lookEveryMs = 250

export interface HashingQueue {
  /**
   * Runs one hash when its turn comes. The turn is kept until the hash ends, whether or not anybody still waits for it.
   * @throws LatchkeyError `busy` with Retry-After when 100 wait already; and what `work` throws.
   */
  run<Result>(work: () => Promise<Result>): Promise<Finished<Result>>
  /** @throws LatchkeyError `busy` when `run` would now. */
  expectRoom(): void
  load(): { readonly running: number; readonly waiting: number }
  /** `countGuarded` answers how many guarded requests there were so far: while they come, they are left a core. */
  makeRoomFor(countGuarded: () => number): void
}

export interface Finished<Result> {
  readonly result: Result
  /** When the turn came, on `performance.now()`. */
  readonly startedAtMs: number
}

/**
 * The one queue that all password hashing goes through: two at once, since more gain nothing on two cores and starve files, DNS
 * and signatures in the thread pool; one where two would take every core from guarded requests. The rest waits in the order of
 * asking.
 */
export function createHashingQueue(cores = availableParallelism()): HashingQueue {
  const waiting: (() => void)[] = []
  let running = 0
  let lastHashMs = 0
  let atOnce = () => mostAtOnce

  function busy(): LatchkeyError {
    const drainMs = (waiting.length / atOnce()) * lastHashMs
    return new LatchkeyError('busy', {
      detail: 'too many logins at once',
      retryAfterSeconds: Math.max(1, Math.ceil(drainMs / 1000)),
    })
  }

  function expectRoom(): void {
    if (waiting.length >= waitingLimit) throw busy()
  }

  function takeTurn(): Promise<void> {
    expectRoom()
    const turn = new Promise<void>((resolve) => waiting.push(resolve))
    giveTurns()
    return turn
  }

  function giveTurns(): void {
    while (waiting.length > 0 && running < atOnce()) {
      running++
      waiting.shift()?.()
    }
  }

  function endTurn(): void {
    running--
    giveTurns()
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
    expectRoom,
    load: () => ({ running, waiting: waiting.length }),
    makeRoomFor(countGuarded: () => number) {
      const isMuch = createRate(countGuarded)
      if (cores <= mostAtOnce) atOnce = () => (isMuch() ? 1 : mostAtOnce)
    },
  })
}

/** Whether what is counted comes often. */
function createRate(count: () => number): () => boolean {
  let [countedAtMs, counted] = [performance.now(), count()]
  let isMuch = false
  return () => {
    const nowMs = performance.now()
    const passedMs = nowMs - countedAtMs
    if (passedMs < lookEveryMs) return isMuch
    const now = count()
    isMuch = now - counted >= (manyASecond * passedMs) / 1000
    countedAtMs = nowMs
    counted = now
    return isMuch
  }
}
