import { sql } from 'kysely'
import type { Writing } from '../store.js'

const positionsAtOnce = 20_000

/**
 * Writes every row of the feed anew, as of this transaction: the numbers of transactions that a dump brought from another cluster
 * may lie in this one's future, and would count as not settled until it has come as far. In many small statements, since one
 * for a million rows would be taken for one that hangs.
 */
export async function renewFeedOrder(transaction: Writing, schema: string): Promise<void> {
  const { last } = await transaction
    .selectFrom('revocations')
    .select((eb) => eb.fn.coalesce(eb.fn.max('position'), sql<number>`0`).as('last'))
    .executeTakeFirstOrThrow()
  for (let from = 0; from < last; from += positionsAtOnce) {
    await sql`update ${sql.table(`${schema}.revocations`)} set xid = default
      where position > ${from} and position <= ${from + positionsAtOnce}`.execute(transaction)
  }
}
