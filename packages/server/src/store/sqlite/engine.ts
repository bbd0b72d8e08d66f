import { sql } from 'kysely'
import type { Engine } from '../engine.js'
import { attempt } from './away.js'
import { backUp } from './back-up.js'
import { sqliteColumnTypes } from './column-types.js'
import { LatchkeySqliteDialect } from './dialect.js'
import { openSqliteDatabase } from './open-database.js'
import { createReadFeed } from './read-feed.js'
import { watchCommits } from './watch-commits.js'

/** @throws StartError */
export async function openSqliteEngine(
  dataFolder: string,
  { mustExist, lockWaitMs }: { readonly mustExist: boolean; readonly lockWaitMs: number },
): Promise<Engine> {
  const database = await openSqliteDatabase(dataFolder, mustExist)
  const commits = watchCommits(database.name)
  return {
    dialect: new LatchkeySqliteDialect(database, lockWaitMs),
    types: sqliteColumnTypes,
    schema: undefined,
    createReadFeed: (db) => createReadFeed(db, () => attempt(commits.version)),
    backUp: (file, madeAt) => backUp(database.name, file, madeAt),
    close: commits.close,
    findTable: (name) => sql`select name as found from sqlite_master where type = 'table' and name = ${name}`,
    migrationLock: undefined,
  }
}
