/** Faults of SQLite, below the server: in the driver's statements and in the flush of the log. The driver itself does the work. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type BetterSqlite from 'better-sqlite3'
import { openBetterSqlite } from '../../../src/store/sqlite/better-sqlite.js'
import { type Calls, currentCalls } from './calls.js'

/**
 * `busy`, `io`, `corrupt`: refused instead of run. `full`: refused, and the transaction is rolled back, as SQLite does. `lost`: run,
 * and then reported as failed. `twice`: as `io`, and the next call too. `gone`: all fails from there on. `unflushed`: from there on all is run, but nothing reaches the disk.
 */
export const sqliteKinds = ['busy', 'io', 'full', 'corrupt', 'lost', 'twice', 'gone', 'unflushed'] as const

const codes: Readonly<Record<string, string>> = {
  ...{ busy: 'SQLITE_BUSY', io: 'SQLITE_IOERR_READ', full: 'SQLITE_FULL', corrupt: 'SQLITE_CORRUPT' },
  ...{ lost: 'SQLITE_IOERR_WRITE', twice: 'SQLITE_IOERR', gone: 'SQLITE_IOERR', unflushed: 'SQLITE_IOERR_FSYNC' },
}
const isFlush = (text: string) => text === 'fdatasync' || /wal_checkpoint/i.test(text)

/** Who waits for a lock asks again and again, and nobody knows how often. */
function forgetWaiting<Result>(calls: Calls | undefined, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_BUSY') calls?.forget()
    throw error
  }
}

type Method = (
  this: { readonly source?: string; readonly database?: BetterSqlite.Database },
  ...values: unknown[]
) => unknown
type Methods = Record<'run' | 'get' | 'all', Method>

/** Puts the faults between the server and SQLite, in this process; answers how to take them out again. */
export function hookSqlite(): () => void {
  const database = openBetterSqlite(':memory:')
  const statements = Object.getPrototypeOf(database.prepare('select 1')) as Methods
  const databases = Object.getPrototypeOf(database) as { exec: (text: string) => unknown }
  const { SqliteError } = database.constructor as unknown as typeof BetterSqlite
  database.close()
  const plain = { run: statements.run, get: statements.get, all: statements.all, exec: databases.exec }
  const { fdatasync } = fs

  function strike<Result>(text: string, of: BetterSqlite.Database | undefined, work: () => Result): Result {
    const calls = currentCalls()
    const kind = calls?.next(text)
    if (kind === undefined || (kind === 'unflushed' && !isFlush(text))) return forgetWaiting(calls, work)
    // SQLite ends a transaction that is rolled back, whatever else fails.
    if (kind === 'lost' || /^rollback/i.test(text)) work()
    else if (kind === 'full' && of?.inTransaction) plain.exec.call(of, 'rollback')
    throw new SqliteError('injected', codes[kind] as string)
  }
  for (const name of ['run', 'get', 'all'] as const) {
    statements[name] = function (...values) {
      return strike(this.source ?? '', this.database, () => plain[name].apply(this, values))
    }
  }
  databases.exec = function (this: BetterSqlite.Database, text: string) {
    return strike(text, this, () => plain.exec.call(this, text))
  }
  fs.fdatasync = Object.assign((descriptor: number, done: fs.NoParamCallback) => {
    const kind = currentCalls()?.next('fdatasync')
    const failed = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' })
    if (kind === undefined) fdatasync(descriptor, done)
    else if (kind === 'lost') fdatasync(descriptor, () => done(failed))
    else setImmediate(done, failed)
  }, fdatasync)
  syncBuiltinESMExports()
  return () => {
    const { exec, ...methods } = plain
    Object.assign(statements, methods)
    databases.exec = exec
    fs.fdatasync = fdatasync
    syncBuiltinESMExports()
  }
}

/** Whether a fault of this kind can strike that call, and is another one than the kinds before it. */
export function canStrikeSqlite(kind: string, calls: readonly string[], index: number): boolean {
  if (calls[index] !== 'fdatasync') return kind !== 'unflushed'
  // The places of a try that are given back are no promise to anybody.
  const isPromised = !calls[index - 2]?.startsWith('update "attempts"')
  return ['io', 'lost', 'gone'].includes(kind) || (kind === 'unflushed' && isPromised)
}
