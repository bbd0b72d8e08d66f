import { sql } from 'kysely'
import type { Writing } from '../store/store.js'

const rowsAtOnce = 10_000

/**
 * Ends every session there is, API keys too. Writes no rows into the feed: whoever calls it refuses their tokens by their keys.
 * In many small statements, since one for millions of rows would be taken for one that hangs.
 */
export async function endAllSessions(transaction: Writing, reason: string, now: number): Promise<void> {
  for (let after = ''; ; ) {
    const last = await transaction
      .selectFrom('sessions')
      .select('sid')
      .where('sid', '>', after)
      .orderBy('sid')
      .offset(rowsAtOnce - 1)
      .limit(1)
      .executeTakeFirst()
    await transaction
      .updateTable('sessions')
      .set({ ended_at: now, end_reason: reason, answer: null, answer_until: null, rev: sql<number>`rev + 1` })
      .where('sid', '>', after)
      .$if(last !== undefined, (query) => query.where('sid', '<=', last?.sid as string))
      .where('ended_at', 'is', null)
      .execute()
    if (last === undefined) return
    after = last.sid
  }
}
