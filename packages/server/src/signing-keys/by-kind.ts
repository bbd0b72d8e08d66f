import type { Key } from 'latchkey/token'

/**
 * Key pairs and shared secrets apart, without empty lists: after a change of `algorithm` there are both for a while, and no list
 * that verifies holds both, so that no public key is ever taken for a secret.
 */
export function keysByKind(keys: readonly Key[]): readonly (readonly Key[])[] {
  const [pairs, secrets] = [keys.filter(({ symmetric }) => !symmetric), keys.filter(({ symmetric }) => symmetric)]
  return [pairs, secrets].filter((list) => list.length > 0)
}

/** The first answer that is no "unknown", as to a token of a key of the other kind; else the first of all. */
export function firstKnowing<One, Answer>(
  list: readonly One[],
  ask: (one: One) => Answer,
  isUnknown: (answer: Answer) => boolean,
): Answer {
  const answer = ask(list[0] as One)
  // Each guarded request comes by here, and there is one kind nearly always.
  if (list.length === 1 || !isUnknown(answer)) return answer
  for (const other of list.slice(1)) {
    const another = ask(other)
    if (!isUnknown(another)) return another
  }
  return answer
}
