import { accessSync, chmodSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type BetterSqlite from 'better-sqlite3'
import { StartError } from '../start-error.js'
import { isBusy } from './away.js'
import { openBetterSqlite } from './better-sqlite.js'

const fileName = 'latchkey.db'
const openWaitMs = 10_000

/**
 * Opens the SQLite file `latchkey.db` in the data folder and sets it up: WAL, whose flushes the driver waits for, foreign keys.
 * Makes the folder (0700) and the file (0600) where they are missing, unless the file must exist; does not change an existing
 * folder's mode.
 *
 * @throws StartError when the folder cannot be made or written to, or the file is no database.
 */
export async function openSqliteDatabase(dataFolder: string, mustExist = false): Promise<BetterSqlite.Database> {
  if (mustExist && !existsSync(join(dataFolder, fileName))) {
    throw new StartError(
      'database_missing',
      `There is no database in ${resolve(dataFolder)}. Start the server or add a user first, or name the folder with LATCHKEY_DATA.`,
    )
  }
  const file = prepareFile(dataFolder)
  const deadline = performance.now() + openWaitMs
  for (;;) {
    try {
      return setUp(file)
    } catch (error) {
      // Two that switch an empty file to WAL at once get SQLITE_BUSY without any waiting.
      if (!isBusy(error) || performance.now() > deadline) throw asStartError(error, file)
    }
    await sleep(10)
  }
}

function prepareFile(dataFolder: string): string {
  const file = join(dataFolder, fileName)
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
    accessSync(dataFolder, constants.R_OK | constants.W_OK | constants.X_OK)
    // Made here, so that SQLite gives its -wal and -shm files the same mode.
    closeSync(openSync(file, constants.O_CREAT | constants.O_RDWR, 0o600))
    if (process.platform !== 'win32') chmodSync(file, 0o600)
    return file
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'unknown'
    throw new StartError(
      'folder_unusable',
      `The data folder ${dataFolder} cannot be used (${code}). It must be a folder that this user may read and write.`,
      error,
    )
  }
}

function setUp(file: string): BetterSqlite.Database {
  const database = openBetterSqlite(file, { timeout: 5000 })
  try {
    const mode = database.pragma('journal_mode = wal', { simple: true })
    if (mode !== 'wal') {
      throw new StartError('database_unusable', `The file system under ${file} does not let SQLite use its WAL mode.`)
    }
    database.pragma('synchronous = normal')
    // On macOS alone: without it the disk may keep a checkpoint in its own memory.
    database.pragma('fullfsync = on')
    database.pragma('foreign_keys = on')
    // Who waits for a lock waits in the driver, which does not stop the event loop.
    database.pragma('busy_timeout = 0')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function asStartError(error: unknown, file: string): StartError {
  if (error instanceof StartError) return error
  const code = (error as { code?: string }).code ?? 'unknown'
  if (code === 'SQLITE_NOTADB') {
    return new StartError(
      'not_a_database',
      `${file} is not a SQLite database. Move it away, or restore a backup.`,
      error,
    )
  }
  return new StartError('database_unusable', `The database ${file} cannot be opened (${code}).`, error)
}
