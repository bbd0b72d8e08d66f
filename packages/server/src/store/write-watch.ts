/** Whether the database takes what is written: it may still be read when its disk is full, or when it became read-only. */
import { LatchkeyError } from 'latchkey'
import { StorageContended } from './storage-away.js'

export interface WriteWatch {
  /** Runs a writing transaction, and remembers whether the storage failed it. */
  watch<Result>(write: () => Promise<Result>): Promise<Result>
  /**
   * Why one failed in the last five seconds, or later, when none has succeeded since; undefined when none did. A refusal of the
   * server's own is no failure of the storage, nor is it one that somebody else held a lock.
   */
  problem(): unknown
}

const quietMs = 5_000

export function createWriteWatch(): WriteWatch {
  let problem: unknown
  let failedAtMs = 0
  return Object.freeze({
    async watch<Result>(write: () => Promise<Result>): Promise<Result> {
      try {
        const result = await write()
        // On a disk that is full some things may still be written.
        if (performance.now() - failedAtMs > quietMs) problem = undefined
        return result
      } catch (error) {
        const isBusy = error instanceof LatchkeyError && error.code === 'busy' && error.cause !== undefined
        if (isBusy && !(error.cause instanceof StorageContended)) {
          problem = error.cause
          failedAtMs = performance.now()
        }
        throw error
      }
    },
    problem: () => problem,
  })
}
