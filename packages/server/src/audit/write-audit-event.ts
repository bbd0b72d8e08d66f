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

/** Writes an event in the transaction of what it tells of, so that neither is there without the other. */
export async function writeAuditEvent(transaction: Writing, audit: AuditEvent): Promise<void> {
  const { at, event, outcome, uid = null, sid = null, addressPrefix = null, detail = null } = audit
  await transaction
    .insertInto('audit_events')
    .values({ at, event, outcome, uid, sid, address_prefix: addressPrefix, detail })
    .execute()
}
