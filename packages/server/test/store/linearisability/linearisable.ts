/**
 * Whether what clients saw could have come from something that does one thing at a time, each at some moment between its call and
 * its answer: linearisability (Herlihy and Wing, 1990). Wing and Gong's search, which remembers what it has tried (Lowe, 2017).
 */

export interface Operation<Call, Answer> {
  readonly call: Call
  readonly calledAtMs: number
  /** Undefined when it broke off: it may have happened at any moment after its call, or never. */
  readonly answered: { readonly answer: Answer; readonly atMs: number } | undefined
}

export interface Specification<State, Call, Answer> {
  readonly initial: State
  /** The state after it, undefined when this state does not answer so. Without an answer, after whatever it answered. */
  step(state: State, call: Call, answer: Answer | undefined): State | undefined
  /** The same text for equal states. */
  keyOf(state: State): string
}

/** Takes time by how much went on at once, not by how long the history is, nor by how much broke off. */
export function isLinearisable<State, Call, Answer>(
  operations: readonly Operation<Call, Answer>[],
  { initial, step, keyOf }: Specification<State, Call, Answer>,
): boolean {
  const tried = new Set<string>()
  const atMs = ({ answered }: Operation<Call, Answer>) => answered?.atMs ?? Number.POSITIVE_INFINITY

  function search(left: readonly Operation<Call, Answer>[], state: State): boolean {
    // Whoever called before the first answer may have been served first.
    const firstAnswerMs = Math.min(...left.map(atMs))
    if (firstAnswerMs === Number.POSITIVE_INFINITY) return true
    const key = `${left.map((operation) => numbers.get(operation)).join()} ${keyOf(state)}`
    if (tried.has(key)) return false
    tried.add(key)
    const triedCalls = new Set<string>()
    return left.some((operation) => {
      if (operation.calledAtMs > firstAnswerMs) return false
      const next = step(state, operation.call, operation.answered?.answer)
      if (next === undefined) return false
      if (operation.answered === undefined) {
        // What changes nothing may as well never have happened; and of two that are the same the earlier one may be taken.
        const call = JSON.stringify(operation.call)
        if (keyOf(next) === keyOf(state) || triedCalls.has(call)) return false
        triedCalls.add(call)
      }
      const others = left.filter((other) => other !== operation)
      return search(others, next)
    })
  }

  const inOrder = [...operations].sort((one, other) => one.calledAtMs - other.calledAtMs)
  const numbers = new Map(inOrder.map((operation, number) => [operation, number]))
  return search(inOrder, initial)
}
