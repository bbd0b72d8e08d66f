import type { Kysely } from 'kysely'
import type { Engine } from './engine.js'
import { type Migration, migrations } from './migrations/index.js'
import { StartError } from './start-error.js'

const table = 'latchkey_migrations'

interface MigrationRows {
  [table]: { name: string; breaking: number; applied_at: number }
}

/**
 * Brings the database up to this program's schema, all of it or nothing, in one writing transaction: whoever starts at the
 * same moment waits for it and then finds nothing to do. Where nothing is to be done nothing is written, so that a user who
 * may not define tables is enough. `now` is in epoch seconds.
 *
 * What a newer version added is no hindrance, so that old and new nodes run side by side.
 *
 * @throws StartError `database_newer` when the database has a breaking migration that this program does not know.
 */
export async function migrate(
  db: Kysely<unknown>,
  engine: Pick<Engine, 'types' | 'schema' | 'findTable' | 'migrationLock'>,
  now: number,
  known: readonly Migration[] = migrations,
): Promise<void> {
  if ((await missing(db, engine, known)).length === 0) return
  await db.transaction().execute(async (transaction) => {
    await engine.migrationLock?.execute(transaction)
    const log = transaction as unknown as Kysely<MigrationRows>
    if (!(await exists(transaction, engine))) await createTable(transaction, engine)
    for (const migration of await missing(transaction, engine, known)) {
      await migration.up(transaction as Kysely<unknown>, engine.types)
      const row = { name: migration.name, breaking: migration.breaking ? 1 : 0, applied_at: now }
      await log.insertInto(table).values(row).execute()
    }
  })
}

/**
 * Changes nothing.
 * @throws StartError `database_outdated` when a migration is missing, and `database_newer` as `migrate`.
 */
export async function requireMigrated(db: Kysely<unknown>, engine: Pick<Engine, 'findTable'>): Promise<void> {
  const names = (await missing(db, engine, migrations)).map(({ name }) => name)
  if (names.length === 0) return
  throw new StartError(
    'database_outdated',
    `The database has not had the migrations ${names.join(', ')}. Start a server, or run "latchkey migrate".`,
  )
}

async function createTable(
  db: Kysely<unknown>,
  { schema, types }: Pick<Engine, 'types' | 'schema' | 'findTable' | 'migrationLock'>,
): Promise<void> {
  if (schema !== undefined) await db.schema.createSchema(schema).ifNotExists().execute()
  await db.schema
    .createTable(table)
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('breaking', types.whole, (column) => column.notNull())
    .addColumn('applied_at', types.whole, (column) => column.notNull())
    .modifyEnd(types.tableEnd)
    .execute()
}

/** The migrations that the database has not had yet. */
async function missing(
  db: Kysely<unknown>,
  engine: Pick<Engine, 'findTable'>,
  known: readonly Migration[],
): Promise<readonly Migration[]> {
  if (!(await exists(db, engine))) return known
  const rows = await (db as unknown as Kysely<MigrationRows>).selectFrom(table).select(['name', 'breaking']).execute()
  const newer = rows.find((row) => row.breaking !== 0 && !known.some(({ name }) => name === row.name))
  if (newer !== undefined) {
    throw new StartError(
      'database_newer',
      `The database was changed by a newer version of Latchkey (migration ${newer.name}). Start that version, or restore an older backup.`,
    )
  }
  const applied = new Set(rows.map(({ name }) => name))
  return known.filter(({ name }) => !applied.has(name))
}

async function exists(db: Kysely<unknown>, engine: Pick<Engine, 'findTable'>): Promise<boolean> {
  const { rows } = await engine.findTable(table).execute(db)
  return rows.length > 0
}
