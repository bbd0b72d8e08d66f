import type { SessionKind } from '../store/schema.js'
import type { Reading } from '../store/store.js'

/** The sessions of one kind that a user has at this moment, the newest first; to be selected from. `now` is in epoch seconds. */
export function liveSessions(db: Reading, uid: number, kind: SessionKind, now: number) {
  return db
    .selectFrom('sessions')
    .where('uid', '=', uid)
    .where('kind', '=', kind)
    .where('ended_at', 'is', null)
    .where('idle_until', '>', now)
    .where('absolute_until', '>', now)
    .orderBy('created_at', 'desc')
    .orderBy('sid')
}
