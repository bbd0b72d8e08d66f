import { operator } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import { rememberIdentity } from '../store/identity.js'
import type { Store } from '../store/store.js'

/** Says that the database was moved as it was, with everything that was ever acknowledged: nobody is logged out. */
export async function declareMoved(store: Store): Promise<void> {
  await store.transaction(async (transaction) => {
    await rememberIdentity(transaction, store.identity())
    await store.renewFeedOrder(transaction)
    await writeAuditEvent(transaction, { at: store.now(), event: 'moved', outcome: 'done', by: operator })
  })
}
