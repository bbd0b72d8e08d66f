import { storageAway } from '../storage-away.js'

/** Locked by another process, no room, a disk that fails, a file that may not be written (any more) or went away. */
const awayCodes = /^SQLITE_(?:BUSY|FULL|IOERR|READONLY|CANTOPEN|NOMEM|PROTOCOL)/

/** Whether the database is away: the same request may succeed a little later. */
export function isAway(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' && awayCodes.test(code)
}

/** Whether SQLite refused because another connection holds the lock. */
export function isBusy(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' && code.startsWith('SQLITE_BUSY')
}

/** @throws LatchkeyError `busy` when the database is away; else what `work` throws. */
export function attempt<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw isAway(error) ? storageAway(error) : error
  }
}
