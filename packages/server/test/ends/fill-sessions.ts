import { randomBytes } from 'node:crypto'
import type { Store } from '../../src/store/store.js'
import { type Pair, sidOf } from './people.js'

/** Of a user that is logged in twice: it is logged in a hundred times, as many as it may be, and the first of all is `oldest`. */
export async function fillSessions(store: Store, { own: oldest, others }: { own: Pair; others: Pair }): Promise<void> {
  await store.transaction(async (transaction) => {
    const sessions = transaction.selectFrom('sessions').selectAll()
    const row = await sessions.where('sid', '=', sidOf(others.token)).executeTakeFirstOrThrow()
    const rows = Array.from({ length: 98 }, () => ({ ...row, sid: randomBytes(16).toString('base64url') }))
    for (const one of rows) await transaction.insertInto('sessions').values(one).execute()
    const older = { created_at: row.created_at - 1 }
    await transaction.updateTable('sessions').set(older).where('sid', '=', sidOf(oldest.token)).execute()
  })
}
