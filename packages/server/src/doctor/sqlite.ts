import { sql } from 'kysely'
import type { Store } from '../store/store.js'
import { type Finding, fault, ok } from './finding.js'

/** What `openSqliteDatabase` sets; 1 is NORMAL. */
const expected = { journal: 'wal', leastSynchronous: 1 }

/** Asks the open SQLite database for its version and for how it keeps what was written. */
export async function checkSqlite({ db }: Pick<Store, 'db'>): Promise<readonly Finding[]> {
  const ask = async <Row>(query: ReturnType<typeof sql<Row>>) => (await query.execute(db)).rows[0] as Row
  const { version } = await ask(sql<{ version: string }>`select sqlite_version() as version`)
  const { journal_mode: journal } = await ask(sql<{ journal_mode: string }>`pragma journal_mode`)
  const { synchronous } = await ask(sql<{ synchronous: number }>`pragma synchronous`)
  return [ok('database', `SQLite ${version} opens, and has had every migration.`), judgeJournal(journal, synchronous)]
}

export function judgeJournal(journal: string, synchronous: number): Finding {
  const found = `The journal mode is ${journal}, synchronous is ${synchronous}.`
  if (journal === expected.journal && synchronous >= expected.leastSynchronous) {
    return ok('journal', `${found} Each commit is flushed before it is answered.`)
  }
  return fault(
    'journal',
    `${found} What was acknowledged may be lost.`,
    'Let nobody else change the settings of the file.',
  )
}
