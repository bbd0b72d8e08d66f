/** The rows of messages that are owed, as whoever delivers them sees them. */
import { sql } from 'kysely'
import type { WebhookDeliveryRow } from '../store/schema.js'
import type { Store } from '../store/store.js'

/** More are not counted one by one. */
export const waitingCountedTo = 10_000

/** Whether anything is to be sent now to any of these endpoints. */
export async function hasDue({ db, now }: Store, endpoints: readonly string[]): Promise<boolean> {
  if (endpoints.length === 0) return false
  const rows = await db
    .selectFrom('webhook_deliveries')
    .select('id')
    .where('endpoint', 'in', endpoints)
    .where('next_at', '<=', now())
    .limit(1)
    .execute()
  return rows.length > 0
}

/** What is to be sent now to an endpoint, what has waited longest first; without those that are being sent. */
export function readDue(
  { db, now }: Store,
  endpoint: string,
  { limit, except }: { readonly limit: number; readonly except: readonly string[] },
): Promise<WebhookDeliveryRow[]> {
  return db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('endpoint', '=', endpoint)
    .where('next_at', '<=', now())
    .$if(except.length > 0, (query) => query.where('id', 'not in', except))
    .orderBy('next_at')
    .limit(limit)
    .execute()
}

export async function removeDelivered({ transaction }: Store, { id }: WebhookDeliveryRow): Promise<void> {
  await transaction((writing) => writing.deleteFrom('webhook_deliveries').where('id', '=', id).execute())
}

/** A try more that failed. `delaySeconds`: until the next one; undefined gives it up. Whoever was quicker is not undone. */
export async function postpone(
  { transaction, now }: Store,
  { id, attempts }: WebhookDeliveryRow,
  delaySeconds: number | undefined,
): Promise<void> {
  await transaction((writing) =>
    writing
      .updateTable('webhook_deliveries')
      .set({ attempts: attempts + 1, next_at: delaySeconds === undefined ? null : now() + delaySeconds })
      .where('id', '=', id)
      .where('attempts', '=', attempts)
      .execute(),
  )
}

/** How many wait to be sent to these endpoints, now or later; counted to 10,000. */
export async function countWaiting({ db }: Store, endpoints: readonly string[]): Promise<number> {
  const { rows } = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('webhook_deliveries')
        .select(sql<number>`1`.as('one'))
        .where('endpoint', 'in', endpoints)
        .where('next_at', '>=', 0)
        .limit(waitingCountedTo)
        .as('waiting'),
    )
    .select((eb) => eb.fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  return Number(rows)
}
