import type { NewRevocation } from '../store/schema.js'
import type { Writing } from '../store/store.js'

/** Adds rows to the feed, in the transaction of what they revoke. */
export async function writeRevocations(transaction: Writing, rows: readonly NewRevocation[]): Promise<void> {
  if (rows.length > 0)
    await transaction
      .insertInto('revocations')
      .values([...rows])
      .execute()
}
