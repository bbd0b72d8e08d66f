import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { ColumnTypes } from '../column-types.js'

interface MetaRows {
  meta: { name: string; value: string }
}

/** The feed of revocations, and the audit log. */
export async function revocationsAudit(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('revocations')
    .addColumn('position', types.numberedKey)
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('min', types.whole, (column) => column.notNull())
    .addColumn('expires_at', types.whole, (column) => column.notNull())
    .$call((table) => (types.transactionOrder === undefined ? table : table.addColumn('xid', types.transactionOrder)))
    .modifyEnd(types.tableEnd)
    .execute()
  if (types.transactionOrder !== undefined) {
    await db.schema.createIndex('revocations_order').on('revocations').columns(['xid', 'position']).execute()
  }
  await db.schema.createIndex('revocations_expires_at').on('revocations').column('expires_at').execute()

  // Another one when a backup is restored: then every follower begins anew.
  const feedId = randomBytes(16).toString('base64url')
  await (db as Kysely<MetaRows>).insertInto('meta').values({ name: 'feed_id', value: feedId }).execute()

  await db.schema
    .createTable('audit_events')
    .addColumn('id', types.numberedKey)
    .addColumn('at', types.whole, (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('uid', types.whole)
    .addColumn('sid', 'text')
    .addColumn('address_prefix', 'text')
    .addColumn('detail', 'text')
    .modifyEnd(types.tableEnd)
    .execute()
  await db.schema.createIndex('audit_events_uid').on('audit_events').columns(['uid', 'id']).execute()

  // What a repeated answer is compared with: the user agent of the request that got it, hashed.
  await db.schema.alterTable('sessions').addColumn('last_refresh_at', types.whole).execute()
  await db.schema.alterTable('sessions').addColumn('agent_hash', types.binary).execute()
  await db.schema.alterTable('sessions').addColumn('strange_repeats', types.whole).execute()
}
