import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Statement } from 'better-sqlite3'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely'
import { LatchkeyError } from 'latchkey'
import { storageAway } from '../storage-away.js'
import { attempt, isAway, isBusy } from './away.js'
import { createGroupCommit, type GroupCommit } from './group-commit.js'

const statementCacheEntries = 200
const lockRetryMs = 5

/**
 * Kysely's driver for one SQLite connection. It differs from Kysely's own in four ways: every transaction that may write is
 * `BEGIN IMMEDIATE`; waiting for another writer does not stop the event loop, so that two stores in one process cannot lock
 * each other up; nor does waiting for the disk, and what was written is on it before anybody gets the result; and statements
 * are prepared once. A database that is away is `busy`.
 */
export class SqliteDriver implements Driver {
  readonly #database: Database
  readonly #lockWaitMs: number
  readonly #turn = new Turn()
  readonly #statements = new Map<string, Statement>()
  readonly #begin: Statement
  readonly #beginImmediate: Statement
  readonly #commit: Statement
  readonly #commits: GroupCommit

  /** `lockWaitMs`: how long a transaction may wait, from when it was asked for, before it is refused with `busy`. */
  constructor(database: Database, lockWaitMs: number) {
    this.#database = database
    this.#lockWaitMs = lockWaitMs
    this.#begin = database.prepare('begin')
    this.#beginImmediate = database.prepare('begin immediate')
    this.#commit = database.prepare('commit')
    this.#commits = createGroupCommit(database.name)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const connection = new SqliteConnection(this.#database, this.#statements, this.#lockWaitMs)
    await this.#turn.take()
    return connection
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    try {
      // One that a failure left open would lock everybody out for ever.
      this.#rollBack()
    } finally {
      this.#turn.give()
    }
    if ((connection as SqliteConnection).hasWritten) await this.#commits.flush()
  }

  async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    if (settings.accessMode === 'read only') {
      attempt(() => this.#begin.run())
      return
    }
    const deadlineMs = (connection as SqliteConnection).askedAtMs + this.#lockWaitMs
    while (!this.#tryBeginImmediate()) {
      if (performance.now() > deadlineMs) {
        throw new LatchkeyError('busy', { detail: 'another process keeps the database locked' })
      }
      // Others go on meanwhile: who reads is not locked out.
      this.#turn.give()
      await sleep(lockRetryMs)
      await this.#turn.take()
    }
  }

  #tryBeginImmediate(): boolean {
    try {
      this.#beginImmediate.run()
      return true
    } catch (error) {
      if (isBusy(error)) return false
      throw isAway(error) ? storageAway(error) : error
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    attempt(() => this.#commit.run())
    // Where it found that others had done its work already, that must be on disk as well.
    ;(connection as SqliteConnection).hasWritten = true
  }

  async rollbackTransaction(): Promise<void> {
    this.#rollBack()
  }

  /** SQLite rolls back by itself when the disk is full, for one; a second rollback would hide the reason. */
  #rollBack(): void {
    if (this.#database.inTransaction) attempt(() => this.#database.exec('rollback'))
  }

  async destroy(): Promise<void> {
    await this.#commits.close()
    this.#database.close()
  }
}

/** One turn at the database. */
class SqliteConnection implements DatabaseConnection {
  readonly askedAtMs = performance.now()
  readonly #database: Database
  readonly #statements: Map<string, Statement>
  readonly #lockWaitMs: number
  hasWritten = false

  constructor(database: Database, statements: Map<string, Statement>, lockWaitMs: number) {
    this.#database = database
    this.#statements = statements
    this.#lockWaitMs = lockWaitMs
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const deadlineMs = this.askedAtMs + this.#lockWaitMs
    for (;;) {
      try {
        return this.#execute(query)
      } catch (error) {
        const mayTryAgain = isBusy(error) && !this.#database.inTransaction && performance.now() < deadlineMs
        if (!mayTryAgain) throw isAway(error) ? storageAway(error) : error
      }
      await sleep(lockRetryMs)
    }
  }

  #execute<Row>(query: CompiledQuery): QueryResult<Row> {
    const statement = this.#prepare(query.sql)
    if (!statement.readonly) this.hasWritten = true
    if (statement.reader) {
      const rows = statement.all(...query.parameters) as Row[]
      return { rows, numAffectedRows: BigInt(rows.length) }
    }
    const { changes, lastInsertRowid } = statement.run(...query.parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    // A statement of its own: one that is being read from cannot be run a second time.
    for (const row of this.#database.prepare(query.sql).iterate(...query.parameters)) yield { rows: [row as Row] }
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      if (this.#statements.size >= statementCacheEntries) {
        this.#statements.delete(this.#statements.keys().next().value as string)
      }
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/** One at a time, in the order of asking. */
class Turn {
  readonly #waiting: (() => void)[] = []
  #taken = false

  async take(): Promise<void> {
    if (!this.#taken) {
      this.#taken = true
      return
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#taken = false
    else next()
  }
}
