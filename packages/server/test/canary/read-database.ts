import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { openBetterSqlite } from '../../src/store/sqlite/better-sqlite.js'
import type { TestDatabase } from '../store/test-store.js'

/** All that is stored, by where it is: the bytes of SQLite's files, or each table of PostgreSQL as text, bytes in hexadecimal. */
export async function readDatabase({ config }: TestDatabase): Promise<ReadonlyMap<string, string>> {
  const { dataFolder, databaseUrl } = config
  if (databaseUrl === undefined) {
    // The secret has a file of its own where none is given; here one is.
    return new Map(readdirSync(dataFolder).map((name) => [name, readFileSync(join(dataFolder, name), 'latin1')]))
  }
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'latchkey'",
    )
    const read = async (name: string) => {
      const found = await client.query<{ row: string }>(`select t::text as row from latchkey."${name}" t`)
      return [name, found.rows.map(({ row }) => row).join('\n')] as const
    }
    const tables = new Map<string, string>()
    for (const { name } of rows) tables.set(...(await read(name)))
    return tables
  })
}

/** From then on no identity and no session is written or changed; PostgreSQL says so with the row (`Failing row contains`). */
export async function refuseRows({ config }: TestDatabase): Promise<void> {
  const { dataFolder, databaseUrl } = config
  const tables = ['identities', 'sessions']
  if (databaseUrl !== undefined) {
    const refuse = (table: string) =>
      `alter table latchkey.${table} add constraint none_of_${table} check (false) not valid`
    return withClient(databaseUrl, async (client) => void (await client.query(tables.map(refuse).join(';'))))
  }
  const database = openBetterSqlite(join(dataFolder, 'latchkey.db'))
  for (const table of tables) {
    for (const verb of ['insert', 'update']) {
      database.exec(
        `create trigger no_${verb}_${table} before ${verb} on ${table} begin select raise(abort, 'refused'); end`,
      )
    }
  }
  database.close()
}

/** From then on each query of a session fails, and the log says why. */
export async function breakSessions({ config }: TestDatabase): Promise<void> {
  const { dataFolder, databaseUrl } = config
  if (databaseUrl !== undefined) {
    return withClient(
      databaseUrl,
      async (client) => void (await client.query('alter table latchkey.sessions rename to gone')),
    )
  }
  const database = openBetterSqlite(join(dataFolder, 'latchkey.db'))
  database.exec('alter table sessions rename to gone')
  database.close()
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return work(client).finally(() => client.end())
}
