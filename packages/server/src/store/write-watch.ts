/** Whether the database takes what is written: it may still be read when its disk is full, or when it became read-only. */
import { LatchkeyError } from 'latchkey'

export interface WriteWatch {
  /** Runs a writing transaction, and remembers whether the storage failed it. */
  watch<Result>(write: () => Promise<Result>): Promise<Result>
  /** Why the last one failed; undefined when it did not. A refusal of the server's own is no failure of the storage. */
  problem(): unknown
}

export function createWriteWatch(): WriteWatch {
  let problem: unknown
  return Object.freeze({
    async watch<Result>(write: () => Promise<Result>): Promise<Result> {
      try {
        const result = await write()
        problem = undefined
        return result
      } catch (error) {
        const isAway = error instanceof LatchkeyError && error.code === 'busy' && error.cause !== undefined
        if (isAway) problem = error.cause
        throw error
      }
    },
    problem: () => problem,
  })
}
