import type { Store } from '../store/store.js'
import type { AccountHash } from './audit-keys.js'
import type { AuditFilter } from './list-events.js'

/** Finds the events of a user, and the refused logins that named an account of it. A user that was deleted has none any more. */
export async function userFilter(
  { db }: Store,
  accountHash: AccountHash,
  uid: number,
): Promise<NonNullable<AuditFilter['user']>> {
  const identities = await db
    .selectFrom('identities')
    .select(['client_type', 'account'])
    .where('uid', '=', uid)
    .orderBy('id')
    .execute()
  return { uid, accountHashes: identities.map(({ client_type, account }) => accountHash(client_type, account)) }
}
