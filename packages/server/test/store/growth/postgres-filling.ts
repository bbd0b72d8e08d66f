import pg from 'pg'
import type { Filling } from './growth-database.js'

export async function openPostgresFilling(databaseUrl: string): Promise<Filling> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  // Foreign keys are not checked: the rows are made so that they hold.
  await client.query('set session_replication_role = replica')
  const hashed = (seed: string) => `sha512(convert_to('' || ${seed}, 'UTF8'))`

  return {
    spelling: {
      table: (name) => `latchkey.${name}`,
      series: (from, to) => `(select number from generate_series(${from}::bigint, ${to}) number)`,
      sid: (seed) => `translate(left(encode(substr(${hashed(seed)}, 1, 16), 'base64'), 22), '+/', '-_')`,
      bytes: (count, seed) =>
        count <= 64
          ? `substr(${hashed(`'${count} ' || ${seed}`)}, 1, ${count})`
          : `decode(repeat(md5('' || ${seed}), ${count / 16}), 'hex')`,
      literal: (bytes) => `'\\x${Buffer.from(bytes).toString('hex')}'::bytea`,
    },
    async run(statement) {
      await client.query(statement)
    },
    async addSessions(insertion) {
      await client.query(`
        with added as (${insertion} returning created_at, uid, sid, address_prefix)
        insert into latchkey.audit_events (at, event, outcome, uid, sid, address_prefix, seal)
        select created_at, 'login', 'done', uid, sid, address_prefix, 1 from added`)
    },
    rows: async (statement) => (await client.query(statement)).rows,
    async gatherStatistics() {
      await client.query('vacuum analyze')
      await client.query('checkpoint')
    },
    async sizeBytes() {
      const { rows } = await client.query('select pg_database_size(current_database()) as bytes')
      return Number(rows[0].bytes)
    },
    async version() {
      const { rows } = await client.query('show server_version')
      return `PostgreSQL ${rows[0].server_version}`
    },
    close: () => client.end(),
  }
}
