/** The calls to the storage that one operation makes, in their order, and the fault that strikes one of them. */
import { AsyncLocalStorage } from 'node:async_hooks'

export interface Fault {
  readonly kind: string
  /** Which call it strikes; the first is 0. */
  readonly index: number
}

/** Kinds that go on until the operation has been answered. (`twice` strikes the next call as well, which often is the rollback.) */
const lasting: ReadonlySet<string> = new Set(['gone', 'unflushed'])

export class Calls {
  readonly texts: string[] = []
  /** The call that was struck; undefined when the operation made too few. */
  struck: string | undefined
  /** What is asked of the storage from now on is not for this operation. */
  isOver = false
  readonly #fault: Fault | undefined

  constructor(fault?: Fault) {
    this.#fault = fault
  }

  /** Counts a call; answers the kind of the fault that strikes it, or undefined. */
  next(text: string): string | undefined {
    const index = this.texts.push(text) - 1
    if (this.#fault === undefined) return undefined
    const { kind, index: wanted } = this.#fault
    if (index === wanted) this.struck = text
    else if (index < wanted || !(lasting.has(kind) || (kind === 'twice' && index === wanted + 1))) return undefined
    return kind
  }

  /** The last call came to nothing, because somebody else was at work, and is made again. */
  forget(): void {
    this.texts.pop()
  }
}

const running = new AsyncLocalStorage<Calls>()

/** Runs the operation; what it asks of the storage meanwhile counts. */
export function runCounted<Result>(calls: Calls | undefined, work: () => Result): Result {
  return calls === undefined ? work() : running.run(calls, work)
}

/** The operation that this code runs for; undefined for what the server does by itself. */
export function currentCalls(): Calls | undefined {
  const calls = running.getStore()
  return calls?.isOver ? undefined : calls
}
