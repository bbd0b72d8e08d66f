import { type Kysely, sql } from 'kysely'
import type { ColumnTypes } from '../column-types.js'

/** Who did what stands in the audit log, and the seals that its rows are put under. */
export async function audit(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  for (const name of ['actor', 'account_hash', 'request_id'] as const) {
    await db.schema.alterTable('audit_events').addColumn(name, 'text').execute()
  }
  for (const name of ['actor_uid', 'client_type', 'seal'] as const) {
    await db.schema.alterTable('audit_events').addColumn(name, types.whole).execute()
  }
  // Also finds the rows that have no seal yet.
  await db.schema.createIndex('audit_events_seal').on('audit_events').columns(['seal', 'id']).execute()
  await db.schema
    .createIndex('audit_events_account_hash')
    .on('audit_events')
    .columns(['account_hash', 'id'])
    .where(sql.ref('account_hash'), 'is not', null)
    .execute()
  // What somebody did to others; what users do to themselves is found by their uid.
  await db.schema
    .createIndex('audit_events_actor_uid')
    .on('audit_events')
    .columns(['actor_uid', 'id'])
    .where(sql`actor_uid <> uid` as never)
    .execute()

  await db.schema
    .createTable('audit_seals')
    .addColumn('number', types.whole, (column) => column.primaryKey().notNull())
    .addColumn('newest_at', types.whole, (column) => column.notNull())
    .addColumn('contents', types.binary, (column) => column.notNull())
    .addColumn('mac', 'text', (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute()
  await db.schema.createIndex('audit_seals_newest_at').on('audit_seals').columns(['newest_at', 'number']).execute()
}
