import { prepareQuery } from '../store/prepared-query.js'
import type { Writing } from '../store/store.js'

/** What happened; it never holds a credential. */
export interface AuditEvent {
  /** Epoch seconds. */
  readonly at: number
  readonly event: string
  readonly outcome: 'done' | 'refused'
  readonly uid?: number | undefined
  readonly sid?: string | undefined
  readonly addressPrefix?: string | undefined
  readonly detail?: string | undefined
}

interface AuditRow {
  readonly at: number
  readonly event: string
  readonly outcome: string
  readonly uid: number | null
  readonly sid: string | null
  readonly address_prefix: string | null
  readonly detail: string | null
}

const insertEvent = prepareQuery<AuditRow, never>((db, value) =>
  db.insertInto('audit_events').values({
    ...{ at: value('at'), event: value('event'), outcome: value('outcome') as 'done', uid: value('uid') },
    ...{ sid: value('sid'), address_prefix: value('address_prefix'), detail: value('detail') },
  }),
)

/** Writes an event in the transaction of what it tells of, so that neither is there without the other. */
export async function writeAuditEvent(transaction: Writing, audit: AuditEvent): Promise<void> {
  const { at, event, outcome, uid = null, sid = null, addressPrefix = null, detail = null } = audit
  await insertEvent(transaction, { at, event, outcome, uid, sid, address_prefix: addressPrefix, detail })
}
