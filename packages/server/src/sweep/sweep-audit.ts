import type { SealMacs } from '../audit/audit-keys.js'
import { readEnd, writeEnd } from '../audit/chain-ends.js'
import { readContents } from '../audit/seal-contents.js'
import type { Store } from '../store/store.js'
import type { Swept } from './sweep-rows.js'

const daySeconds = 24 * 3600
/** As other rows are swept. A seal alone may have as many. */
const rowsAtOnce = 200
const sealsAtOnce = 50

/**
 * The oldest sealed rows of the audit log, seal by seal, for as long as all rows of a seal are older than `retentionDays`. Where
 * the chain begins from then on stands beside it, so that the rest can be verified. What has no seal stays.
 */
export async function sweepAudit(
  { db, transaction, now }: Store,
  { macs, retentionDays }: { readonly macs: SealMacs; readonly retentionDays: number },
): Promise<Swept> {
  const before = now() - retentionDays * daySeconds
  const start = await readEnd(db, 'start', macs)
  const seals = await db.selectFrom('audit_seals').selectAll().orderBy('number').limit(sealsAtOnce).execute()
  let last: (typeof seals)[number] | undefined
  let rows = 0
  for (const seal of seals) {
    const count = readContents(seal.contents).length
    if (seal.newest_at >= before || (last !== undefined && rows + count > rowsAtOnce)) break
    last = seal
    rows += count
  }
  if (last === undefined) return { rows: 0, isDone: true }
  const { number, mac } = last
  await transaction(async (writing) => {
    // Somebody else was first.
    if (!(await writeEnd(writing, 'start', { number, mac }, start, macs))) return
    await writing.deleteFrom('audit_events').where('seal', '<=', number).execute()
    await writing.deleteFrom('audit_seals').where('number', '<=', number).execute()
  })
  return { rows, isDone: false }
}
