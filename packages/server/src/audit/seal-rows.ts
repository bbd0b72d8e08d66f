import type { Store } from '../store/store.js'
import type { SealMacs } from './audit-keys.js'
import { noSeal, readEnd, writeEnd } from './chain-ends.js'
import { writeContents } from './seal-contents.js'

/** So few that on SQLite, where each statement stops the process, nobody feels it. */
export const rowsAtOnce = 200

/** Whether any row waits for its seal. */
export async function hasUnsealedRows({ db }: Store): Promise<boolean> {
  return (await db.selectFrom('audit_events').select('id').where('seal', 'is', null).limit(1).execute()).length > 0
}

/**
 * Puts the next rows under a seal, and it at the end of the chain. The order of the chain is the one in which rows are sealed:
 * a row whose transaction commits late comes under a later seal, and slips before none. Answers how many rows there were; 0
 * also when somebody else has sealed them first, since the end of the chain is written only in the place of what was read.
 */
export async function sealRows({ db, transaction }: Store, macs: SealMacs): Promise<number> {
  // In this order: a head that is older than the rows loses, and rows older than the head are found under a seal.
  const head = await readEnd(db, 'head', macs)
  const rows = await db
    .selectFrom('audit_events')
    .selectAll()
    .where('seal', 'is', null)
    .orderBy('id')
    .limit(rowsAtOnce)
    .execute()
  if (rows.length === 0) return 0
  if (head?.isGenuine === false) throw new Error('The end of the chain was changed: run "latchkey audit verify"')
  const before = head ?? noSeal
  const number = before.number + 1
  const contents = writeContents(rows, macs)
  const newestAt = Math.max(...rows.map(({ at }) => at))
  const mac = macs.ofSeal({ number, newestAt, contents }, before.mac)
  const isSealed = await transaction(async (writing) => {
    if (!(await writeEnd(writing, 'head', { number, mac }, head, macs))) return false
    await writing.insertInto('audit_seals').values({ number, newest_at: newestAt, contents, mac }).execute()
    await writing
      .updateTable('audit_events')
      .set({ seal: number })
      .where(
        'id',
        'in',
        rows.map(({ id }) => id),
      )
      .where('seal', 'is', null)
      .execute()
    return true
  })
  return isSealed ? rows.length : 0
}
