import { close, fdatasync, fsync, open } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { storageAway } from '../storage-away.js'
import { openBetterSqlite } from './better-sqlite.js'

/** Puts commits on disk, many at a time. */
export interface GroupCommit {
  /**
   * Settles when all that was committed before the call is on disk.
   * @throws LatchkeyError `busy` when the disk did not take it. It may be lost then, and may also stand.
   */
  flush(): Promise<void>
  close(): Promise<void>
}

/**
 * For the database `file` in WAL mode with `synchronous = normal`, whose commits append to one file and wait for nothing. That file
 * is flushed here, in the thread pool: the event loop does not stand still meanwhile, and all who committed since the last flush
 * began share the next one.
 */
export function createGroupCommit(file: string): GroupCommit {
  let descriptor: number | undefined
  let hasFailed = false
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  async function begin(earlier: Promise<void> | undefined): Promise<void> {
    await earlier?.catch(() => {})
    running = next
    next = undefined
    try {
      await flushLog()
      hasFailed = false
    } catch (error) {
      hasFailed = true
      throw storageAway(error)
    } finally {
      if (next === undefined) running = undefined
    }
  }

  async function flushLog(): Promise<void> {
    // What a disk once refused it may have dropped, and say nothing the second time: the pages are written elsewhere.
    if (hasFailed) return checkpoint(file)
    descriptor ??= await openLog(`${file}-wal`)
    await promisify(fdatasync)(descriptor)
  }

  return Object.freeze({
    flush() {
      next ??= begin(running)
      return next
    },
    async close() {
      await (next ?? running)?.catch(() => {})
      if (descriptor !== undefined) await promisify(close)(descriptor)
    },
  })
}

/** Its name in the folder is on disk, too. */
async function openLog(file: string): Promise<number> {
  if (process.platform !== 'win32') {
    const folder = await promisify(open)(dirname(file), 'r')
    await promisify(fsync)(folder).finally(() => promisify(close)(folder))
  }
  return promisify(open)(file, 'r+')
}

/** Copies all that was committed into the database's own file, and flushes that. */
function checkpoint(file: string): void {
  const database = openBetterSqlite(file, { fileMustExist: true })
  try {
    const [outcome] = database.pragma('wal_checkpoint(truncate)') as { readonly busy: number }[]
    if (outcome?.busy !== 0) throw new Error('The log could not be copied into the database: others use it')
  } finally {
    database.close()
  }
}
