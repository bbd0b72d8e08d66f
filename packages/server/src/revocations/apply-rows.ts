import type { RevocationList } from 'latchkey/token'
import type { FeedRow } from '../store/feed.js'

/** Puts rows of the store in force in this process; answers how many are of a kind that is not known here. */
export function applyRows(revocations: RevocationList, rows: readonly FeedRow[]): number {
  return revocations.apply(rows.map(({ expires_at: expiresAt, ...row }) => ({ ...row, expiresAt })))
}
