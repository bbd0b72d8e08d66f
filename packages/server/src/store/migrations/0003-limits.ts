import { type Kysely, sql } from 'kysely'
import type { ColumnTypes } from '../column-types.js'

/** Counts of wrong secrets, and from where users have logged in. */
export async function limits(db: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await db.schema
    .createTable('attempts')
    .addColumn('key', 'text', (column) => column.primaryKey().notNull())
    .addColumn('failed', types.whole, (column) => column.notNull())
    .addColumn('running', types.whole, (column) => column.notNull())
    .addColumn('ends_at', types.whole, (column) => column.notNull())
    .addColumn('running_ends_at', types.whole, (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute()
  await db.schema.createIndex('attempts_ends_at').on('attempts').column('ends_at').execute()

  await db.schema
    .createTable('known_prefixes')
    .addColumn('uid', types.whole, (column) => column.notNull().references('users.uid'))
    .addColumn('address_prefix', 'text', (column) => column.notNull())
    .addColumn('seen_at', types.whole, (column) => column.notNull())
    .addPrimaryKeyConstraint('known_prefixes_key', ['uid', 'address_prefix'])
    .modifyEnd(types.tableEnd)
    .execute()
  await db.schema.createIndex('known_prefixes_seen_at').on('known_prefixes').column('seen_at').execute()
  // Who is logged in is known there from the start.
  await (db as Kysely<Rows>)
    .insertInto('known_prefixes')
    .columns(['uid', 'address_prefix', 'seen_at'])
    .expression((eb) =>
      eb
        .selectFrom('sessions')
        .select(['uid', 'address_prefix', sql<number>`max(created_at)`.as('seen_at')])
        .where('kind', '=', 'login')
        .where('address_prefix', 'is not', null)
        .groupBy(['uid', 'address_prefix'])
        .$narrowType<{ address_prefix: string }>(),
    )
    .execute()
}

interface Rows {
  sessions: { uid: number; kind: string; address_prefix: string | null; created_at: number }
  known_prefixes: { uid: number; address_prefix: string; seen_at: number }
}
