import type { Kysely } from 'kysely'
import type { ColumnTypes } from '../column-types.js'

/** Messages that are owed to the endpoints of webhooks. */
export async function webhooks(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('webhook_deliveries')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('owed_at', types.whole, (column) => column.notNull())
    .addColumn('attempts', types.whole, (column) => column.notNull())
    .addColumn('next_at', types.whole)
    .modifyEnd(types.tableEnd)
    .execute()
  await db.schema
    .createIndex('webhook_deliveries_next_at')
    .on('webhook_deliveries')
    .columns(['endpoint', 'next_at'])
    .execute()
  await db.schema.createIndex('webhook_deliveries_owed_at').on('webhook_deliveries').column('owed_at').execute()
}
