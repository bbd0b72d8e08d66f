import { type Kysely, sql } from 'kysely'
import type { ColumnTypes } from './column-types.js'
import { type Migration, migrations } from './migrations/index.js'
import { StartError } from './start-error.js'

interface MigrationRows {
  latchkey_migrations: { name: string; applied_at: number }
}

/**
 * Brings the database up to this program's schema, all of it or nothing, in one writing transaction: whoever starts at the
 * same moment waits for it and then finds nothing to do. `now` is in epoch seconds.
 *
 * @throws StartError `database_newer` when the database has a migration that this program does not know.
 */
export async function migrate(
  db: Kysely<unknown>,
  types: ColumnTypes,
  now: number,
  known: readonly Migration[] = migrations,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const log = transaction as unknown as Kysely<MigrationRows>
    await sql`create table if not exists latchkey_migrations (name text not null primary key, applied_at integer not null)`.execute(
      log,
    )
    const applied = new Set(
      (await log.selectFrom('latchkey_migrations').select('name').execute()).map((row) => row.name),
    )
    const unknown = [...applied].find((name) => !known.some((migration) => migration.name === name))
    if (unknown !== undefined) {
      throw new StartError(
        'database_newer',
        `The database was changed by a newer version of Latchkey (migration ${unknown}). Start that version, or restore an older backup.`,
      )
    }
    for (const migration of known) {
      if (applied.has(migration.name)) continue
      await migration.up(transaction as Kysely<unknown>, types)
      await log.insertInto('latchkey_migrations').values({ name: migration.name, applied_at: now }).execute()
    }
  })
}
