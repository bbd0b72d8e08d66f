import { firstOr404 } from '@latchkey/query'
import { sql, type Updateable } from 'kysely'
import { type Actor, operator } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import { writeRevocations } from '../revocations/write-revocations.js'
import type { NewRevocation, SessionKind, UsersTable } from '../store/schema.js'
import type { Writing } from '../store/store.js'

/** What happens to the sessions of one kind. `lower`: their access tokens are refused, they themselves go on. */
type Effect = 'end' | 'lower' | 'keep'

/** Everything that ends or changes sessions, and how: one row for each line of PROTOCOL section 4. */
const effects = {
  logout: { changesUser: false, login: 'end', key: 'keep' },
  logout_all: { changesUser: false, login: 'end', key: 'keep' },
  theft: { changesUser: false, login: 'end', key: 'keep' },
  eviction: { changesUser: false, login: 'end', key: 'keep' },
  secret: { changesUser: true, login: 'end', key: 'keep' },
  secret_and_keys: { changesUser: true, login: 'end', key: 'end' },
  /** The session that changed the secret: goes on with a new pair. */
  new_pair: { changesUser: false, login: 'lower', key: 'keep' },
  role: { changesUser: true, login: 'lower', key: 'lower' },
  disable: { changesUser: true, login: 'end', key: 'end' },
  enable: { changesUser: true, login: 'keep', key: 'keep' },
  /** An access token of an API key was revoked: the key can be exchanged again. */
  api_key_tokens: { changesUser: false, login: 'keep', key: 'lower' },
  api_key_ended: { changesUser: false, login: 'keep', key: 'end' },
  delete: { changesUser: true, login: 'end', key: 'end' },
} as const satisfies Record<string, { changesUser: boolean; login: Effect; key: Effect }>

export type SessionEvent = keyof typeof effects

/** The others are part of another event, which says all there is to say. */
function isTold(event: SessionEvent): event is Exclude<SessionEvent, 'new_pair'> {
  return event !== 'new_pair'
}

export interface SessionChange {
  readonly event: SessionEvent
  readonly uid: number
  /** Epoch seconds. */
  readonly now: number
  /** What else changes in the user's row; only for events that concern the user. */
  readonly user?: Updateable<UsersTable>
  /** Only these sessions; default all of the user's. */
  readonly sids?: readonly string[]
  /** Not this one. */
  readonly except?: string
  /** Only sessions whose access tokens of this generation are still good. */
  readonly gen?: number | undefined
  /** For the audit log: who asked for it, by default the operator, and what it was about. */
  readonly by?: Actor
  readonly detail?: string
}

/** Refuses all generations that a session can have. */
const everyGeneration = 2 ** 31 - 1

/**
 * The one way in which sessions end or lose their access tokens, inside the caller's transaction: first the user's row, then the
 * sessions, whose new values are computed from the rows as they are under the lock. Writes the feed and the audit log, and
 * answers the rows of the feed, which the caller applies here once they are committed.
 *
 * @throws NotFound when the event concerns a user that is missing or deleted.
 */
export async function changeSessions(transaction: Writing, change: SessionChange): Promise<readonly NewRevocation[]> {
  const { event, uid, now, user, sids, by = operator, detail } = change
  const effect = effects[event]
  if (effect.changesUser) await changeUser(transaction, uid, user ?? {})
  const rows = [
    ...(await changeKind(transaction, change, 'login', effect.login)),
    ...(await changeKind(transaction, change, 'key', effect.key)),
  ]
  await writeRevocations(transaction, rows)
  const only = sids?.length === 1 ? sids[0] : undefined
  // Of sessions that somebody else ended just before, nothing has happened here.
  const isDone = effect.changesUser || sids === undefined || rows.length > 0
  if (isTold(event) && isDone) {
    await writeAuditEvent(transaction, { at: now, event, outcome: 'done', by, uid, sid: only, detail })
  }
  return rows
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
): Promise<readonly NewRevocation[]> {
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
  return rows.map(({ sid, min_gen, access_exp }) => ({
    kind: 's',
    id: sid,
    min: ended ? everyGeneration : min_gen,
    expires_at: access_exp + keptSeconds,
  }))
}

/** The greatest leeway of any verifier, and an hour for clocks that step. */
const keptSeconds = 300 + 3600

/** Always in the order of sids, so that no two transactions wait for each other. */
async function lockSessions(
  transaction: Writing,
  { uid, sids, except, gen }: SessionChange,
  kind: SessionKind,
): Promise<readonly string[]> {
  const rows = await transaction
    .selectFrom('sessions')
    .select('sid')
    .where('uid', '=', uid)
    .where('kind', '=', kind)
    .where('ended_at', 'is', null)
    .$if(sids !== undefined, (query) => query.where('sid', 'in', sids as readonly string[]))
    .$if(except !== undefined, (query) => query.where('sid', '!=', except as string))
    .$if(gen !== undefined, (query) => query.where('min_gen', '<=', gen as number))
    .orderBy('sid')
    .forUpdate()
    .execute()
  return rows.map(({ sid }) => sid)
}
