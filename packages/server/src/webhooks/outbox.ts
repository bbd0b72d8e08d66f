/** Messages that are owed: rows that are written in the transaction of the event that they tell of. */
import { randomBytes } from 'node:crypto'
import type { DialectAdapter } from 'kysely'
import { entryOf } from '../audit/list-events.js'
import type { AuditEventRow } from '../store/schema.js'
import type { Reading, Writing } from '../store/store.js'
import type { Endpoint } from './endpoint.js'

/** By what a database and its transactions share. */
const endpointsOf = new WeakMap<DialectAdapter, readonly Endpoint[]>()

/** From now on what is written through `db` is owed to these endpoints. For whoever opens a store. */
export function openOutbox(db: Reading, endpoints: readonly Endpoint[]): void {
  endpointsOf.set(db.getExecutor().adapter, endpoints)
}

/** Whether any endpoint wants the event. */
export function isOwed(transaction: Writing, event: string): boolean {
  return of(transaction).some(({ events }) => events.has(event))
}

/** Writes what is owed of these events: to each endpoint that wants one, a message of its own. */
export async function oweDeliveries(transaction: Writing, rows: readonly AuditEventRow[]): Promise<void> {
  const deliveries = rows.flatMap((row) =>
    of(transaction)
      .filter(({ events }) => events.has(row.event))
      .map(({ key }) => ({
        // By chance, not by the event's number: after a restore the same numbers are given again.
        id: `msg_${randomBytes(18).toString('base64url')}`,
        ...{ endpoint: key, body: bodyOf(row), owed_at: row.at, attempts: 0, next_at: row.at },
      })),
  )
  await transaction.insertInto('webhook_deliveries').values(deliveries).execute()
}

function bodyOf(row: AuditEventRow): string {
  const data = entryOf(row)
  return JSON.stringify({ type: `latchkey.${data.event}`, timestamp: data.at, data })
}

function of(transaction: Writing): readonly Endpoint[] {
  return endpointsOf.get(transaction.getExecutor().adapter) ?? []
}
