import type { NewRevocation } from '../store/schema.js'
import type { Writing } from '../store/store.js'
import { newKeyRow, readRows } from './key-rows.js'
import { readLongestTtl } from './longest-ttl.js'
import { marginSeconds, type RotationParts, raiseKeysVersion } from './rotate-keys.js'

/**
 * Replaces every signing key at once: none of the old ones signs or verifies any more, a new one signs from this moment on and
 * another is published. Answers the rows of the feed that refuse the tokens of the old ones.
 */
export async function replaceKeys(
  { store, master, algorithm }: Omit<RotationParts, 'keyLeadSeconds'>,
  transaction: Writing,
): Promise<{ readonly revoked: readonly NewRevocation[] }> {
  const now = store.now()
  // Greater than the database that was lost can have had, so that every guard reads the keys again.
  await raiseKeysVersion(transaction, now)
  const expires_at = now + (await readLongestTtl(transaction)) + marginSeconds
  const old = await readRows(transaction)
  // At the beginning of time: a clock that is set back must not bring them back.
  await transaction.updateTable('signing_keys').set({ sign_until: 0, verify_until: 0 }).execute()
  const first = newKeyRow(algorithm, master, now)
  await transaction
    .insertInto('signing_keys')
    // From the beginning of time, as the very first one.
    .values([{ ...first, sign_from: 0 }, newKeyRow(algorithm, master, now)])
    .execute()
  return { revoked: old.map(({ kid }) => ({ kind: 'k' as const, id: kid, min: 0, expires_at })) }
}
