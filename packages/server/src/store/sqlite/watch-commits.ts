import { openBetterSqlite } from './better-sqlite.js'

/** Tells when anything was committed, by whichever process, at the cost of a look into shared memory. */
export interface CommitWatch {
  /** Another number after each commit. */
  version(): number
  close(): void
}

/**
 * Opens a connection of its own, which writes nothing and is in no transaction: SQLite counts, for each connection, the commits
 * of all others (PRAGMA data_version). The file must be open already.
 */
export function watchCommits(file: string): CommitWatch {
  const database = openBetterSqlite(file, { readonly: true, fileMustExist: true })
  const statement = database.prepare('pragma data_version').pluck()
  return Object.freeze({
    version: () => statement.get() as number,
    close: () => {
      database.close()
    },
  })
}
