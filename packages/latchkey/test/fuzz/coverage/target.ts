/** What the fuzzer runs inputs against. */
import type { Random } from '../random.js'
import type { CodeUnderTest } from './code-under-test.js'

export interface Target {
  /** Texts that our own code made or reads: where the search begins, besides the corpus. */
  readonly seeds: readonly string[]
  /** Inputs are at most this long. */
  readonly maxLength: number
  /** Texts to put into inputs, besides those that stand in the code. */
  readonly words?: readonly string[]
  /** Now and then an input is made anew by this. */
  make?(random: Random): string
  /** Runs the code over one input; throws when an answer is wrong. */
  run(input: string): void
}

export interface TargetDefinition {
  readonly name: string
  /** How many inputs the suite runs, which takes about a second. */
  readonly shortRuns: number
  prepare(code: CodeUnderTest): Promise<Target>
}

/** An answer that is wrong. */
export class WrongAnswer extends Error {}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new WrongAnswer(what)
}
