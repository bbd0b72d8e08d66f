import type { Pool } from 'pg'
import { StartError } from '../start-error.js'

const connections = 10
/** Of their own: whoever is waited for elsewhere, revocations are read. */
const feedConnections = 2
const connectWaitMs = 3_000
/** For any one statement: a lock may be held, a disk slow, or the server gone without closing the connection. */
const answerWaitMs = 5_000
const int8 = 20
/** `pg_current_xact_id` came with it. */
const oldestVersion = 130_000

export interface OpenDatabase {
  readonly pool: Pool
  /** For the feed of revocations alone. */
  readonly feedPool: Pool
  /** Whether this user may read the system identifier of the cluster; some services that run PostgreSQL let nobody. */
  readonly hasSystemIdentifier: boolean
}

/**
 * Opens connections to the database that `databaseUrl` names, and tries one. Nothing is set for a session, so a
 * transaction pooler may stand between.
 *
 * @throws StartError when it cannot be reached, does not let this user in, or is older than PostgreSQL 13.
 */
export async function openPostgresDatabase(databaseUrl: string): Promise<OpenDatabase> {
  // Loaded late: whoever stores in SQLite needs none of it.
  const { default: pg } = await import('pg')
  function createPool(max: number): Pool {
    const pool = new pg.Pool({
      connectionString: databaseUrl,
      max,
      connectionTimeoutMillis: connectWaitMs,
      query_timeout: answerWaitMs,
      keepAlive: true,
      types: {
        // Whole numbers here are at most 2^53.
        getTypeParser: (oid: number, format?: 'text' | 'binary') =>
          oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
      },
    })
    // An idle connection that breaks is no error of anybody's: the next query gets another one.
    pool.on('error', () => {})
    // One that breaks while it is lent out and no query runs has nobody else to tell: unheard, that would end the process.
    pool.on('connect', (client) => client.on('error', () => {}))
    return pool
  }
  const pool = createPool(connections)
  try {
    const { rows } = await pool.query<{ version: string; may_read: boolean }>(
      "select current_setting('server_version_num') as version, has_function_privilege('pg_control_system()', 'execute') as may_read",
    )
    const [row] = rows
    if (Number(row?.version) < oldestVersion) {
      throw new StartError('database_unusable', 'The database must be PostgreSQL 13 or newer.')
    }
    return { pool, feedPool: createPool(feedConnections), hasSystemIdentifier: row?.may_read === true }
  } catch (error) {
    await pool.end()
    throw error instanceof StartError ? error : unreachable(error)
  }
}

/** The address may hold a password, so neither it nor what quotes it is repeated. */
function unreachable(error: unknown): StartError {
  const code = (error as { code?: string }).code ?? 'no answer'
  return new StartError(
    'database_unreachable',
    `The database that DATABASE_URL names cannot be reached (${code}).`,
    error,
  )
}
