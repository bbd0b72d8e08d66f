/** A database that will hold many rows, and the way in for who fills it. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../../../src/store/open-store.js'
import { createTestDatabase } from '../test-store.js'
import { openPostgresFilling } from './postgres-filling.js'
import { openSqliteFilling } from './sqlite-filling.js'

export interface GrowthDatabase {
  readonly folder: string
  /** What `latchkey serve` needs to use it. */
  readonly environment: Readonly<Record<string, string>>
  openFilling(): Promise<Filling>
}

/** Fills by statements that make many rows inside the database, with all values in their text. */
export interface Filling {
  /** What the two stores spell differently. */
  readonly spelling: {
    table(name: string): string
    /** Rows of the one column `number`, both ends included. */
    series(from: number, to: number): string
    /** The id of a session; `seed` is an expression that no other row has the value of. */
    sid(seed: string): string
    /** That many bytes, the same in no two rows. */
    bytes(count: number, seed: string): string
    literal(bytes: Uint8Array): string
  }
  run(statement: string): Promise<void>
  /** Runs what inserts that many sessions, and writes the event of each login, as if it were under a seal. */
  addSessions(insertion: string, count: number): Promise<void>
  rows<Row>(statement: string): Promise<readonly Row[]>
  /** Counts for the planner what is there, as PostgreSQL does by itself now and then. */
  gatherStatistics(): Promise<void>
  sizeBytes(): Promise<number>
  version(): Promise<string>
  close(): Promise<void>
}

const issuer = 'https://id.example'

/** An empty database, migrated. */
export async function createGrowthDatabase(parent: string, name: string): Promise<GrowthDatabase> {
  const folder = join(parent, name)
  mkdirSync(folder)
  const { storeOptions, environment } = await createTestDatabase(folder)
  const store = await openStore(storeOptions)
  await store.close()
  const { databaseUrl, dataFolder } = storeOptions
  return {
    folder,
    environment: { ...environment, LATCHKEY_ISSUER: issuer },
    openFilling: async () =>
      databaseUrl === undefined
        ? openSqliteFilling(join(dataFolder, 'latchkey.db'))
        : await openPostgresFilling(databaseUrl),
  }
}
