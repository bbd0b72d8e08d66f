import { firstOr404 } from '@latchkey/query'
import { sql, type Updateable } from 'kysely'
import type { SessionKind, UsersTable } from '../store/schema.js'
import type { Writing } from '../store/store.js'

/** What happens to the sessions of one kind. `lower`: their access tokens are refused, they themselves go on. */
type Effect = 'end' | 'lower' | 'keep'

/** Everything that ends or changes sessions, and how: one row for each line of PROTOCOL section 4. */
const effects = {
  eviction: { changesUser: false, login: 'end', key: 'keep' },
  role: { changesUser: true, login: 'lower', key: 'lower' },
  disable: { changesUser: true, login: 'end', key: 'end' },
  enable: { changesUser: true, login: 'keep', key: 'keep' },
  delete: { changesUser: true, login: 'end', key: 'end' },
} as const satisfies Record<string, { changesUser: boolean; login: Effect; key: Effect }>

export type SessionEvent = keyof typeof effects

export interface SessionChange {
  readonly event: SessionEvent
  readonly uid: number
  /** Epoch seconds. */
  readonly now: number
  /** What else changes in the user's row; only for events that concern the user. */
  readonly user?: Updateable<UsersTable>
  /** Only these sessions; default all of the user's. */
  readonly sids?: readonly string[]
}

/** A session whose access tokens of generations below `min_gen` are refused from now on, all of them when `ended`. */
export interface ChangedSession {
  readonly sid: string
  readonly min_gen: number
  readonly access_exp: number
  readonly ended: boolean
}

/**
 * The one way in which sessions end or lose their access tokens, inside the caller's transaction: first the user's row, then the
 * sessions, whose new values are computed from the rows as they are under the lock. Answers what every guard must hear.
 *
 * @throws NotFound when the event concerns a user that is missing or deleted.
 */
export async function changeSessions(transaction: Writing, change: SessionChange): Promise<readonly ChangedSession[]> {
  const { event, uid, user } = change
  const effect = effects[event]
  if (effect.changesUser) await changeUser(transaction, uid, user ?? {})
  return [
    ...(await changeKind(transaction, change, 'login', effect.login)),
    ...(await changeKind(transaction, change, 'key', effect.key)),
  ]
}

async function changeUser(transaction: Writing, uid: number, values: Updateable<UsersTable>): Promise<void> {
  await firstOr404(
    transaction
      .updateTable('users')
      .set({ ...values, epoch: sql<number>`epoch + 1` })
      .where('uid', '=', uid),
  )
}

async function changeKind(
  transaction: Writing,
  change: SessionChange,
  kind: SessionKind,
  effect: Effect,
): Promise<readonly ChangedSession[]> {
  if (effect === 'keep') return []
  const { event, now } = change
  const ended = effect === 'end'
  // A statement of its own: what the next one computes, it computes from rows that nobody else can change any more.
  const sids = await lockSessions(transaction, change, kind)
  if (sids.length === 0) return []
  const rows = await transaction
    .updateTable('sessions')
    .set({
      min_gen: sql<number>`case when min_gen > gen then min_gen else gen + 1 end`,
      rev: sql<number>`rev + 1`,
      // A stored answer holds a token pair, and goes with the session.
      ...(ended ? { ended_at: now, end_reason: event, answer: null, answer_until: null } : {}),
    })
    .where('sid', 'in', sids)
    .where('ended_at', 'is', null)
    .returning(['sid', 'min_gen', 'access_exp'])
    .execute()
  return rows.map((row) => ({ ...row, ended }))
}

/** Always in the order of sids, so that no two transactions wait for each other. */
async function lockSessions(
  transaction: Writing,
  { uid, sids }: SessionChange,
  kind: SessionKind,
): Promise<readonly string[]> {
  const rows = await transaction
    .selectFrom('sessions')
    .select('sid')
    .where('uid', '=', uid)
    .where('kind', '=', kind)
    .where('ended_at', 'is', null)
    .$if(sids !== undefined, (query) => query.where('sid', 'in', sids as readonly string[]))
    .orderBy('sid')
    .forUpdate()
    .execute()
  return rows.map(({ sid }) => sid)
}
