/** What an operation is, and an outcome of it. */
import type { Calls } from './calls.js'
import type { Scope } from './state.js'
import type { Lane, World } from './world.js'

export interface Outcome {
  /** 200 and more, or the exit code of a command. */
  readonly status: number
  readonly code: string | undefined
  readonly text: string
  readonly retryAfter: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: as of an answer.
  readonly json: any
}

/** An operation on rows of its own, which can be tried again. */
export interface Case {
  readonly scope: Scope
  /** Access tokens that are good before. */
  readonly tokens: readonly string[]
  /** The one text that it may be answered with; undefined: any. */
  readonly answer?: string
  send(lane: Lane, calls?: Calls): Promise<Outcome>
  /** What else holds once it is done: each promise that is broken, in words. Called once. */
  broken?(): Promise<readonly string[]>
}

export interface Operation {
  readonly name: string
  /** How it is answered when it was done, and how the same request is once it is done already. */
  readonly done: number
  readonly again: number
  /** What the audit log calls it; undefined: it is no event. */
  readonly event: string | undefined
  /** Whether the same request again does something more; default false. */
  readonly repeats?: boolean
  /** Whether it touches what all have in common, so that nothing else can go on in the same database; default false. */
  readonly isAlone?: boolean
  prepare(world: World): Promise<Case>
}

export type Unnamed = Omit<Operation, 'name'>

export const repeating = (operation: Unnamed): Unnamed => ({ ...operation, repeats: true })
