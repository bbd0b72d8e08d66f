/**
 * SQLSTATEs of a database that cannot serve at this moment and may later: connection trouble (08), a conflict between
 * transactions (40), no room (53), a lock or a time that ran out (25P03, 55P03, 57014), shutting down or starting (57P), a disk
 * that fails (58), a server that is read-only since another one took over (25006), and a database that is being restored (3D000,
 * 3F000, 42P01).
 */
const awayStates = /^(?:08|40|53|57P|58)|^(?:25006|25P03|3D000|3F000|42P01|55P03|57014)$/
/** A lock that somebody held, a statement that waited for one, transactions that met, and a pool that was empty. */
const contendedStates = /^(?:40|55P03$|57014$)/
const contendedMessage = 'timeout exceeded when trying to connect'
/** After these the connection is gone, or soon will be. */
const brokenStates = /^(?:08|57P)|^(?:25006|25P03)$/

/** What a standby says to BEGIN READ WRITE, and nothing else does. */
const featureNotSupported = '0A000'

const unanswered = 'Query read timeout'
/** What `pg` itself says without a code. */
const brokenMessages = new RegExp(
  `^(?:Connection terminated|Client has encountered a connection error|${unanswered}|${contendedMessage})`,
)

interface PgError {
  readonly code?: unknown
  readonly severity?: unknown
  readonly syscall?: unknown
  readonly message?: unknown
}

/** Whether the database is away: the same request may succeed a little later. */
export function isAway(error: unknown): boolean {
  return isBroken(error) || awayStates.test(sqlState(error))
}

/** Whether the connection must not be used again. */
export function isBroken(error: unknown): boolean {
  const { syscall, message } = (error ?? {}) as PgError
  return syscall !== undefined || brokenStates.test(sqlState(error)) || brokenMessages.test(String(message))
}

/** Whether others were in the way, and nothing is wrong with the database. */
export function isContended(error: unknown): boolean {
  return contendedStates.test(sqlState(error)) || (error as PgError | undefined)?.message === contendedMessage
}

/** Whether the server did not answer in time: it may still be at work. */
export function isUnanswered(error: unknown): boolean {
  return (error as PgError | undefined)?.message === unanswered
}

/** Whether a transaction that writes was refused because the server only follows another one. */
export function isStandby(error: unknown): boolean {
  return sqlState(error) === featureNotSupported
}

function sqlState(error: unknown): string {
  const { code, severity } = (error ?? {}) as PgError
  return typeof code === 'string' && severity !== undefined ? code : ''
}
