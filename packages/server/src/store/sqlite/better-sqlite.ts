/** better-sqlite3 in the version that this Node can run: 13 needs Node 22, and 12 ends the process on 24.19 and newer. */
import { createRequire } from 'node:module'
import type BetterSqlite from 'better-sqlite3'
import { StartError } from '../start-error.js'

const require = createRequire(import.meta.url)
const major = Number(process.versions.node.split('.')[0])

/**
 * Both have the same interface. The older one is compiled where no prebuilt one can be had; the newer one brings its own.
 * @throws StartError `sqlite_missing` where neither could be installed.
 */
export function openBetterSqlite(file: string, options: BetterSqlite.Options = {}): BetterSqlite.Database {
  let Database: typeof BetterSqlite
  try {
    Database = major < 22 ? require('better-sqlite3') : require('better-sqlite3-13')
    // Only now is the compiled part looked for.
    new Database(':memory:').close()
  } catch (error) {
    throw new StartError(
      'sqlite_missing',
      'SQLite could not be installed on this machine: its driver better-sqlite3 is missing or cannot be loaded. ' +
        'Install it again with Node 22 or newer, or on Node 20 where there is a compiler; or use PostgreSQL (DATABASE_URL).',
      error,
    )
  }
  return new Database(file, options)
}
