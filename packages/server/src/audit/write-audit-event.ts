import type { Insertable } from 'kysely'
import type { AuditEventName } from '../config.js'
import { prepareQuery } from '../store/prepared-query.js'
import type { AuditEventsTable } from '../store/schema.js'
import type { Writing } from '../store/store.js'
import { isOwed, oweDeliveries } from '../webhooks/outbox.js'
import type { Actor } from './actor.js'

/** What happened; it never holds a credential. docs/audit.md lists the events. */
export interface AuditEvent {
  /** Epoch seconds. */
  readonly at: number
  readonly event: AuditEventName
  readonly outcome: 'done' | 'refused'
  readonly by: Actor
  /** Whom it concerns. */
  readonly uid?: number | undefined
  readonly sid?: string | undefined
  readonly clientType?: number | undefined
  /** See `createAccountHash`. */
  readonly accountHash?: string | undefined
  /** A word of the server's own, or a name that was checked: never what somebody typed. */
  readonly detail?: string | undefined
}

export type NewAuditRow = Omit<Required<Insertable<AuditEventsTable>>, 'id' | 'seal'>

const insertEvent = prepareQuery<NewAuditRow, never>((db, value) =>
  db.insertInto('audit_events').values({
    ...{ at: value('at'), event: value('event'), outcome: value('outcome'), uid: value('uid'), sid: value('sid') },
    ...{ actor: value('actor'), actor_uid: value('actor_uid'), client_type: value('client_type') },
    ...{ account_hash: value('account_hash'), address_prefix: value('address_prefix') },
    ...{ request_id: value('request_id'), detail: value('detail') },
  } as NewAuditRow),
)

/** Writes an event in the transaction of what it tells of, so that neither is there without the other. */
export async function writeAuditEvent(transaction: Writing, event: AuditEvent): Promise<void> {
  if (isOwed(transaction, event.event)) await writeAuditEvents(transaction, [event])
  else await insertEvent(transaction, auditRow(event))
}

/** The same of one event or more, in one statement; and in one more when webhooks want any of them. */
export async function writeAuditEvents(transaction: Writing, events: readonly AuditEvent[]): Promise<void> {
  const insert = transaction.insertInto('audit_events').values(events.map(auditRow))
  if (events.some(({ event }) => isOwed(transaction, event))) {
    await oweDeliveries(transaction, await insert.returningAll().execute())
  } else await insert.execute()
}

function auditRow({ at, event, outcome, by, ...about }: AuditEvent): NewAuditRow {
  const { uid = null, sid = null, clientType = null, accountHash = null, detail = null } = about
  return {
    ...{ at, event, outcome, uid, sid, client_type: clientType, account_hash: accountHash, detail },
    ...{ actor: by.kind, actor_uid: by.uid ?? null },
    ...{ address_prefix: by.addressPrefix ?? null, request_id: by.requestId ?? null },
  }
}
