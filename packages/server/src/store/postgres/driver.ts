import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import { StorageContended, storageAway } from '../storage-away.js'
import { isAway, isBroken, isContended, isStandby, isUnanswered } from './away.js'
import { cancelQuery } from './cancel-query.js'

/** Sooner than `pg` gives up the connection, so that the server ends the statement by itself. */
const statementTimeoutMs = 4_000
/** Of a transaction whose process vanished, or sleeps: its rows are free again then, and not when TCP notices. */
const idleTimeoutMs = 10_000

/**
 * Kysely's driver for a pool of PostgreSQL connections. It differs from Kysely's own in three ways: what is set for a
 * transaction is set inside it, so that a transaction pooler may stand between; a database that is away is `busy`; and a
 * connection that broke is not used again.
 */
export class PostgresDriver implements Driver {
  readonly #pool: Pool
  readonly #lockWaitMs: number

  /** `lockWaitMs`: how long a statement waits for a lock before its transaction is refused with `busy`. */
  constructor(pool: Pool, lockWaitMs: number) {
    this.#pool = pool
    this.#lockWaitMs = lockWaitMs
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    try {
      return new PostgresConnection(await this.#pool.connect())
    } catch (error) {
      throw refusal(error)
    }
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    ;(connection as PostgresConnection).release()
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const mode = settings.accessMode ?? 'read write'
    const isolation = settings.isolationLevel ?? 'read committed'
    // In one message, and so in one round trip.
    await (connection as PostgresConnection).begin(
      `begin isolation level ${isolation} ${mode}; set local statement_timeout = ${statementTimeoutMs}; ` +
        `set local lock_timeout = ${this.#lockWaitMs}; set local synchronous_commit = on; ` +
        `set local idle_in_transaction_session_timeout = ${idleTimeoutMs}`,
    )
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as PostgresConnection).run('commit')
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A connection that broke has nothing to roll back, and one that fails to is given up, which does it as well: in both cases
    // the reason for the rollback is what must be told.
    if (!(connection as PostgresConnection).broken)
      await (connection as PostgresConnection).run('rollback').catch(() => {})
  }

  async destroy(): Promise<void> {
    await this.#pool.end()
  }
}

class PostgresConnection implements DatabaseConnection {
  readonly #client: PoolClient
  broken = false

  constructor(client: PoolClient) {
    this.#client = client
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { command, rowCount, rows } = await this.#attempt(() =>
      this.#client.query(query.sql, query.parameters as unknown[]).catch((error: unknown) => {
        // Not a commit that waits for another server: cancelled it would be seen by all, though it may be lost.
        if (isUnanswered(error)) cancelQuery(this.#client)
        throw error
      }),
    )
    const writes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE'
    return { rows: rows as Row[], ...(writes ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}) }
  }

  streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('Rows are read in pages here, not streamed')
  }

  /** Runs what begins or ends a transaction: statements without parameters, several in one text. */
  async run(text: string): Promise<void> {
    try {
      await this.#attempt(() => this.#client.query(text))
    } catch (error) {
      // One of several may have been run: whoever got the connection next would be inside a transaction that nobody ends.
      this.broken = true
      throw error
    }
  }

  /** A server that has become a standby is away until it is none, or another one answers. */
  async begin(text: string): Promise<void> {
    try {
      await this.run(text)
    } catch (error) {
      throw isStandby(error) ? storageAway(error) : error
    }
  }

  release(): void {
    this.#client.release(this.broken)
  }

  async #attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      if (isBroken(error)) this.broken = true
      throw refusal(error)
    }
  }
}

function refusal(error: unknown): unknown {
  if (!isAway(error)) return error
  return storageAway(isContended(error) ? new StorageContended('others were in the way', { cause: error }) : error)
}
