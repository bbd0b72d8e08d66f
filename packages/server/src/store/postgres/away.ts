/**
 * SQLSTATEs of a database that cannot serve at this moment and may later: connection trouble (08), a conflict between
 * transactions (40), no room (53), a lock or a time that ran out (55P03, 57014), shutting down or starting (57P), and a server
 * that is read-only since another one took over (25006).
 */
const awayStates = /^(?:08|40|53|57P)|^(?:25006|55P03|57014)$/
/** After these the connection is gone, or soon will be. */
const brokenStates = /^(?:08|57P)|^25006$/

/** What a standby says to BEGIN READ WRITE, and nothing else does. */
const featureNotSupported = '0A000'

/** What `pg` itself says without a code. */
const brokenMessages =
  /^(?:Connection terminated|Client has encountered a connection error|Query read timeout|timeout exceeded when trying to connect)/

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

/** Whether a transaction that writes was refused because the server only follows another one. */
export function isStandby(error: unknown): boolean {
  return sqlState(error) === featureNotSupported
}

function sqlState(error: unknown): string {
  const { code, severity } = (error ?? {}) as PgError
  return typeof code === 'string' && severity !== undefined ? code : ''
}
