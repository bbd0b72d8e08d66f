import { sql } from 'kysely'
import { LatchkeyError } from 'latchkey'
import type { Actor } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import type { Identity } from '../client-types/client-type.js'
import { type PreparedQuery, prepareQuery } from '../store/prepared-query.js'
import type { NewSession } from '../store/schema.js'
import type { Writing } from '../store/store.js'
import type { Change } from './session-changes.js'

/** How many login sessions a user has at most; the oldest ends when one more begins. */
const loginSessionCap = 100

/**
 * Inserts a login session, if the user is still as the secret was verified against: neither role, status nor secret has
 * changed since. Ends the oldest sessions past the cap of 100, in the same transaction.
 *
 * @throws LatchkeyError `auth_failed` when the user has changed meanwhile.
 */
export async function beginSession(
  transaction: Writing,
  change: Change,
  identity: Identity,
  session: Omit<NewSession, 'uid'>,
  by: Actor,
): Promise<void> {
  const { uid, epoch } = identity
  const { numAffectedRows } = await insertOf(session)(transaction, { ...session, uid, epoch })
  if (numAffectedRows !== 1n) throw new LatchkeyError('auth_failed')
  const { created_at: at, sid, client_type: clientType } = session
  const event = by.kind === 'operator' ? 'token_issued' : 'login'
  await writeAuditEvent(transaction, { at, event, outcome: 'done', by, uid, sid, clientType })
  await evictOldest(transaction, change, uid, sid, at, by)
}

type SessionValues = Omit<NewSession, 'uid'> & { readonly uid: number; readonly epoch: number }
type SessionColumn = keyof Omit<NewSession, 'uid'>

/** By the columns that are given, which for a login are always the same. */
const inserts = new Map<string, PreparedQuery<SessionValues, never>>()

function insertOf(session: Omit<NewSession, 'uid'>): PreparedQuery<SessionValues, never> {
  const columns = Object.keys(session) as SessionColumn[]
  const name = columns.join()
  const known = inserts.get(name)
  if (known !== undefined) return known
  // One statement: a check before the insert would miss a change between the two.
  const insert = prepareQuery<SessionValues, never>((db, value) =>
    db
      .insertInto('sessions')
      .columns(['uid', ...columns])
      .expression((eb) =>
        eb
          .selectFrom('users')
          .select(['users.uid', ...columns.map((column) => sql<never>`${value(column)}`.as(column))])
          .where('users.uid', '=', value('uid'))
          .where('users.epoch', '=', value('epoch'))
          .where('users.status', '=', 1)
          .where('users.disabled_at', 'is', null)
          .forNoKeyUpdate(),
      ),
  )
  inserts.set(name, insert)
  return insert
}

const selectOldest = prepareQuery<{ readonly uid: number; readonly newSid: string }, { readonly sid: string }>(
  (db, value) =>
    db
      .selectFrom('sessions')
      .select('sid')
      .where('uid', '=', value('uid'))
      .where('kind', '=', 'login')
      .where('ended_at', 'is', null)
      // Never the new one, though others may have begun in the same second.
      .where('sid', '!=', value('newSid'))
      .orderBy('created_at', 'desc')
      .orderBy('sid', 'desc')
      .limit(loginSessionCap)
      .offset(loginSessionCap - 1),
)

async function evictOldest(
  transaction: Writing,
  change: Change,
  uid: number,
  newSid: string,
  now: number,
  by: Actor,
): Promise<void> {
  const { rows: oldest } = await selectOldest(transaction, { uid, newSid })
  if (oldest.length === 0) return
  await change({ event: 'eviction', uid, now, by, sids: oldest.map((row) => row.sid) })
}
