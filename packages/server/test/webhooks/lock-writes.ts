import Database from 'better-sqlite3'
import pg from 'pg'
import type { TestDatabase } from '../store/test-store.js'

/** Nobody else writes an event, a message or a turn until what it answers is called; reading goes on. */
export async function lockWrites({ config }: TestDatabase): Promise<() => Promise<void>> {
  if (config.databaseUrl === undefined) {
    const database = new Database(`${config.dataFolder}/latchkey.db`)
    database.exec('begin immediate')
    return async () => void database.close()
  }
  const client = new pg.Client(config.databaseUrl)
  await client.connect()
  const tables = ['audit_events', 'webhook_deliveries', 'meta'].map((name) => `latchkey.${name}`)
  await client.query(`begin; lock table ${tables.join(', ')} in exclusive mode`)
  return () => client.end()
}
