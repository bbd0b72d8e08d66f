import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { Filling } from './growth-database.js'

/**
 * Fills a SQLite file, all in one transaction: the pages of an index, met at random, are then written once and not once a
 * statement. Nothing of it is safe before it is done.
 */
export function openSqliteFilling(file: string): Filling {
  const database = new Database(file, { fileMustExist: true })
  database.pragma('synchronous = off')
  database.pragma('cache_size = -2000000')
  database.pragma('foreign_keys = off')
  database.function('base64url', (bytes) => (bytes as Buffer).toString('base64url'))

  function begin(): void {
    if (database.inTransaction) return
    // Out of WAL first, which the program sets back when it opens the file.
    for (const mode of ['delete', 'memory']) {
      if (database.pragma(`journal_mode = ${mode}`, { simple: true }) !== mode) throw new Error(`${file} is in use`)
    }
    database.exec('begin exclusive')
  }
  function commit(): void {
    if (database.inTransaction) database.exec('commit')
  }

  async function run(statement: string): Promise<void> {
    begin()
    database.exec(statement)
    // This process has others to answer.
    await new Promise(setImmediate)
  }

  return {
    run,
    addSessions: (insertion, count) =>
      run(`${insertion};
        insert into audit_events (at, event, outcome, uid, sid, address_prefix, seal)
        select created_at, 'login', 'done', uid, sid, address_prefix, 1 from sessions
        where rowid > (select max(rowid) from sessions) - ${count} order by rowid`),
    spelling: {
      table: (name) => name,
      series: (from, to) =>
        `(with recursive n(number) as (select ${from} union all select number + 1 from n where number < ${to}) select number from n)`,
      // Random bytes, and not the same ones for the same seed.
      sid: () => 'base64url(randomblob(16))',
      bytes: (count) => `randomblob(${count})`,
      literal: (bytes) => `x'${Buffer.from(bytes).toString('hex')}'`,
    },
    rows: async <Row>(statement: string) => database.prepare(statement).all() as Row[],
    async gatherStatistics() {
      commit()
      database.exec('analyze')
    },
    sizeBytes: async () => statSync(file).size,
    version: async () => `SQLite ${database.prepare('select sqlite_version()').pluck().get()}`,
    async close() {
      commit()
      database.close()
    },
  }
}
