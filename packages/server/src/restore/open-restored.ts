import { sql } from 'kysely'
import type { Log } from '../log/log.js'
import { identityName, readBackupMark, rememberIdentity } from '../store/identity.js'
import { declareRestored, type RestoredParts } from './declare-restored.js'

/**
 * Before a server serves: a database that `latchkey backup` made is declared restored, whoever starts first; one that is served
 * for the first time is remembered as the one.
 * @throws StartError
 */
export async function openRestored(parts: RestoredParts, log: Log): Promise<void> {
  const { store } = parts
  const madeAt = await readBackupMark(store.db)
  if (madeAt !== undefined) {
    const isFirst = await declareRestored(parts, { onlyMarked: true })
    if (isFirst)
      log.warn('the database is a backup: all sessions have ended, every signing key is a new one', { madeAt })
    return
  }
  const known = await store.db.selectFrom('meta').select(sql`1`.as('one')).where('name', '=', identityName).execute()
  if (known.length > 0 || store.identity() === undefined) return
  await store.transaction((transaction) => rememberIdentity(transaction, store.identity()))
}
