import type { RevocationList } from 'latchkey/token'
import { applyRows } from '../revocations/apply-rows.js'
import type { NewRevocation } from '../store/schema.js'
import type { Store, Writing } from '../store/store.js'
import { changeSessions, type SessionChange } from './change-sessions.js'

/** Changes sessions inside the transaction that it was made for. Answers how many were ended or lowered. */
export type Change = (change: SessionChange) => Promise<number>

export interface SessionChanges {
  /**
   * Runs `work` in one writing transaction. What it changes is in force in this process before the promise resolves, and in all
   * others within a second.
   */
  transaction<Result>(work: (transaction: Writing, change: Change) => Promise<Result>): Promise<Result>
}

/** Makes the one door through which sessions are ended or lowered. */
export function createSessionChanges(parts: { store: Store; revocations: RevocationList }): SessionChanges {
  const { store, revocations } = parts
  return Object.freeze({
    async transaction<Result>(work: (transaction: Writing, change: Change) => Promise<Result>): Promise<Result> {
      const rows: NewRevocation[] = []
      const result = await store.transaction<Result>((transaction) =>
        work(transaction, async (change) => {
          const changed = await changeSessions(transaction, change)
          rows.push(...changed)
          return changed.length
        }),
      )
      applyRows(revocations, rows)
      return result
    },
  })
}
