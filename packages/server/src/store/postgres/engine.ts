import { Kysely, sql } from 'kysely'
import type { Engine } from '../engine.js'
import type { LatchkeyDatabase } from '../schema.js'
import { postgresColumnTypes } from './column-types.js'
import { LatchkeyPostgresDialect } from './dialect.js'
import { openPostgresDatabase } from './open-database.js'
import { createReadFeed } from './read-feed.js'
import { createReadHorizon } from './read-horizon.js'
import { renewFeedOrder } from './renew-feed-order.js'

const schema = 'latchkey'
/** Any number that no other program on the same database is likely to lock. */
const migrationLock = 7_285_910_441

/** @throws StartError */
export async function openPostgresEngine(databaseUrl: string, lockWaitMs: number): Promise<Engine> {
  const { pool, feedPool, hasSystemIdentifier } = await openPostgresDatabase(databaseUrl)
  const feed = new Kysely<LatchkeyDatabase>({ dialect: new LatchkeyPostgresDialect(feedPool, lockWaitMs) })
  return {
    dialect: new LatchkeyPostgresDialect(pool, lockWaitMs),
    types: postgresColumnTypes,
    schema,
    createReadFeed: () => createReadFeed(feed, schema, hasSystemIdentifier),
    createReadHorizon,
    renewFeedOrder: (transaction) => renewFeedOrder(transaction, schema),
    close: () => feed.destroy(),
    // Not by to_regclass: after a wait for the lock it may still answer from before.
    findTable: (name) =>
      sql`select relname as found from pg_catalog.pg_class join pg_catalog.pg_namespace n on n.oid = relnamespace where nspname = ${schema} and relname = ${name}`,
    migrationLock: sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`,
  }
}
