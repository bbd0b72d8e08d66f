/** Removes rows whose time is over, a few at a time. */
import { sql } from 'kysely'
import type { Store } from '../store/store.js'

/** Nothing is removed sooner after its end: clocks are set, and people ask what has happened. */
export const lateSeconds = 24 * 3600
/** So few that on SQLite, where each statement stops the process, nobody feels it. */
const rowsAtOnce = 200
/** The newest rows stay, whatever they say: without its end, the feed would be read anew by all who follow it. */
const feedRowsKept = 1_000
/** Where a user has not logged in for so long is a strange place again. */
const prefixSeconds = 400 * 24 * 3600
/** Of messages that were given up, after three days, and of those for endpoints that there are no more. */
const deliverySeconds = 10 * 24 * 3600

/** What was removed, or emptied; `isDone` when there is no more for now. */
export interface Swept {
  readonly rows: number
  readonly isDone: boolean
}

/** Revocations whose tokens have expired by themselves. */
export async function sweepRevocations({ db, transaction, now }: Store): Promise<Swept> {
  const found = await db
    .selectFrom('revocations')
    .select('position')
    .where('expires_at', '<', now() - lateSeconds)
    .where('position', '<', (eb) =>
      eb.selectFrom('revocations').select(sql<number>`coalesce(max(position), 0) - ${feedRowsKept}`.as('end')),
    )
    .orderBy('expires_at')
    .limit(rowsAtOnce)
    .execute()
  if (found.length > 0) {
    const positions = found.map(({ position }) => position)
    await transaction((writing) => writing.deleteFrom('revocations').where('position', 'in', positions).execute())
  }
  return { rows: found.length, isDone: found.length < rowsAtOnce }
}

/** Keys none of whose tokens is good any more. */
export async function sweepKeys({ db, transaction, now }: Store): Promise<Swept> {
  const isOver = now() - lateSeconds
  const found = await db.selectFrom('signing_keys').select('kid').where('verify_until', '<', isOver).execute()
  if (found.length > 0) {
    await transaction((writing) => writing.deleteFrom('signing_keys').where('verify_until', '<', isOver).execute())
  }
  return { rows: found.length, isDone: true }
}

/** Counts of tries whose time is over. */
export async function sweepAttempts({ db, transaction, now }: Store): Promise<Swept> {
  const isOver = now() - lateSeconds
  const found = await db.selectFrom('attempts').select('key').where('ends_at', '<', isOver).limit(rowsAtOnce).execute()
  if (found.length > 0) {
    const keys = found.map(({ key }) => key)
    await transaction((writing) =>
      // Some may have begun anew.
      writing.deleteFrom('attempts').where('key', 'in', keys).where('ends_at', '<', isOver).execute(),
    )
  }
  return { rows: found.length, isDone: found.length < rowsAtOnce }
}

/** From where users have not logged in for 400 days. */
export async function sweepPrefixes({ db, transaction, now }: Store): Promise<Swept> {
  const isOver = now() - prefixSeconds
  const found = await db
    .selectFrom('known_prefixes')
    .select(['uid', 'address_prefix'])
    .where('seen_at', '<', isOver)
    .limit(rowsAtOnce)
    .execute()
  if (found.length > 0) {
    await transaction(async (writing) => {
      for (const { uid, address_prefix } of found) {
        await writing
          .deleteFrom('known_prefixes')
          .where('uid', '=', uid)
          .where('address_prefix', '=', address_prefix)
          .where('seen_at', '<', isOver)
          .execute()
      }
    })
  }
  return { rows: found.length, isDone: found.length < rowsAtOnce }
}

/** Messages of webhooks that nobody took in ten days. */
export async function sweepDeliveries({ db, transaction, now }: Store): Promise<Swept> {
  const isOver = now() - deliverySeconds
  const found = await db
    .selectFrom('webhook_deliveries')
    .select('id')
    .where('owed_at', '<', isOver)
    .limit(rowsAtOnce)
    .execute()
  if (found.length > 0) {
    const ids = found.map(({ id }) => id)
    await transaction((writing) => writing.deleteFrom('webhook_deliveries').where('id', 'in', ids).execute())
  }
  return { rows: found.length, isDone: found.length < rowsAtOnce }
}

export interface SessionsSwept extends Swept {
  /** Where the walk goes on. */
  readonly after: string
}

/**
 * The next sessions of a walk over all of them: those that are over, and whose access tokens have expired, are removed; answers
 * that nobody can be given any more are emptied. A walk costs no index, which every refresh would have to keep.
 */
export async function sweepSessions({ db, transaction, now }: Store, after: string): Promise<SessionsSwept> {
  const before = now() - lateSeconds
  const rows = await db
    .selectFrom('sessions')
    .select(['sid', 'idle_until', 'ended_at', 'access_exp', 'answer_until'])
    .where('sid', '>', after)
    .orderBy('sid')
    .limit(rowsAtOnce)
    .execute()
  const over = rows.filter(
    ({ ended_at, idle_until, access_exp }) => (ended_at ?? idle_until) < before && access_exp < before,
  )
  const answered = rows.filter((row) => !over.includes(row) && row.answer_until !== null && row.answer_until < before)
  if (over.length + answered.length > 0) {
    await transaction(async (writing) => {
      const sids = (list: typeof rows) => list.map(({ sid }) => sid)
      // What is over stays so; an answer may be another one by now.
      if (over.length > 0) await writing.deleteFrom('sessions').where('sid', 'in', sids(over)).execute()
      if (answered.length === 0) return
      await writing
        .updateTable('sessions')
        .set({ answer: null, answer_until: null, rev: sql<number>`rev + 1` })
        .where('sid', 'in', sids(answered))
        .where('answer_until', '<', before)
        .execute()
    })
  }
  const last = rows.at(-1)?.sid ?? after
  return { rows: over.length + answered.length, after: last, isDone: rows.length < rowsAtOnce }
}
