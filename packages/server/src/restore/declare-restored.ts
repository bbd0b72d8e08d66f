import { randomBytes } from 'node:crypto'
import type { Algorithm } from 'latchkey/token'
import { operator } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import { writeRevocations } from '../revocations/write-revocations.js'
import { endAllSessions } from '../sessions/end-all-sessions.js'
import { openMasterKey } from '../signing-keys/master-key.js'
import { replaceKeys } from '../signing-keys/replace-keys.js'
import { backupMarkName, rememberIdentity } from '../store/identity.js'
import type { Store } from '../store/store.js'

export interface RestoredParts {
  readonly store: Store
  readonly secret: string | undefined
  readonly algorithm: Algorithm
}

/**
 * Says that the database came from a backup, or lost what was written last: refresh tokens that were used, sessions that ended
 * and keys that were retired since would be good again. In one transaction all sessions and API keys end, every signing key is
 * replaced and its tokens refused, and the feed gets another name, so that every guard reads it anew.
 *
 * Passwords, roles and users are as the backup has them: it cannot know what was changed since.
 *
 * With `onlyMarked` nothing is done unless it is marked as a backup. Answers whether it was done.
 *
 * @throws StartError when the secret does not open the keys; nothing is changed then.
 */
export async function declareRestored(
  { store, secret, algorithm }: RestoredParts,
  { onlyMarked = false }: { readonly onlyMarked?: boolean } = {},
): Promise<boolean> {
  const master = await openMasterKey({ store, secret })
  return store.transaction(async (transaction) => {
    const now = store.now()
    // Whoever does the same at this moment waits here.
    const { numDeletedRows } = await transaction
      .deleteFrom('meta')
      .where('name', '=', backupMarkName)
      .executeTakeFirstOrThrow()
    if (onlyMarked && numDeletedRows === 0n) return false
    const { revoked } = await replaceKeys({ store, master, algorithm }, transaction)
    await endAllSessions(transaction, 'restored', now)
    const feedId = randomBytes(16).toString('base64url')
    await transaction.updateTable('meta').set({ value: feedId }).where('name', '=', 'feed_id').execute()
    await writeRevocations(transaction, revoked)
    await store.renewFeedOrder(transaction)
    await rememberIdentity(transaction, store.identity())
    await writeAuditEvent(transaction, { at: now, event: 'restored', outcome: 'done', by: operator })
    return true
  })
}
