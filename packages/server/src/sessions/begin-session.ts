import { sql } from 'kysely'
import { LatchkeyError } from 'latchkey'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import type { Identity } from '../client-types/client-type.js'
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
): Promise<void> {
  const { uid, epoch } = identity
  const entries = Object.entries(session) as [keyof typeof session, unknown][]
  // One statement: a check before the insert would miss a change between the two.
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('sessions')
    .columns(['uid', ...entries.map(([column]) => column)])
    .expression((eb) =>
      eb
        .selectFrom('users')
        .select(['users.uid', ...entries.map(([column, value]) => sql<never>`${value}`.as(column))])
        .where('users.uid', '=', uid)
        .where('users.epoch', '=', epoch)
        .where('users.status', '=', 1)
        .where('users.disabled_at', 'is', null)
        .forNoKeyUpdate(),
    )
    .executeTakeFirstOrThrow()
  if (numInsertedOrUpdatedRows !== 1n) throw new LatchkeyError('auth_failed')
  const { created_at: at, sid, address_prefix } = session
  await writeAuditEvent(transaction, {
    ...{ at, event: 'login', outcome: 'done', uid, sid },
    addressPrefix: address_prefix ?? undefined,
  })
  await evictOldest(transaction, change, uid, sid, at)
}

async function evictOldest(
  transaction: Writing,
  change: Change,
  uid: number,
  newSid: string,
  now: number,
): Promise<void> {
  const oldest = await transaction
    .selectFrom('sessions')
    .select('sid')
    .where('uid', '=', uid)
    .where('kind', '=', 'login')
    .where('ended_at', 'is', null)
    // Never the new one, though others may have begun in the same second.
    .where('sid', '!=', newSid)
    .orderBy('created_at', 'desc')
    .orderBy('sid', 'desc')
    .limit(loginSessionCap)
    .offset(loginSessionCap - 1)
    .execute()
  if (oldest.length === 0) return
  await change({ event: 'eviction', uid, now, sids: oldest.map((row) => row.sid) })
}
