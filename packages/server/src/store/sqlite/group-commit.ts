import { close, fdatasync, fsync, open } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Database } from 'better-sqlite3'
import { storageAway } from '../storage-away.js'
import { attempt } from './away.js'
import { openBetterSqlite } from './better-sqlite.js'

/** Says when commits are on disk. */
export interface GroupCommit {
  /** Something was committed by this connection. */
  wrote(): void
  /**
   * Settles when all that this connection can read is on disk, whoever wrote it: an answer that tells of it is no longer lost
   * with the power.
   * @throws LatchkeyError `busy` when the disk did not take it. It may be lost then, and may also stand.
   */
  onDisk(): Promise<void>
  close(): Promise<void>
}

/**
 * For a database in WAL mode with `synchronous = normal`, whose commits append to one file and wait for nothing. That file is
 * flushed here, in the thread pool: the event loop does not stand still meanwhile, and all who committed since the last flush
 * began share the next one.
 */
export function createGroupCommit(database: Database): GroupCommit {
  const others = database.prepare('pragma data_version').pluck()
  let seen = others.get()
  let isDirty = false
  let descriptor: number | undefined
  let hasFailed = false
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  /** The flush that begins from now on. */
  function flushNext(): Promise<void> {
    next ??= begin(running)
    return next
  }

  async function begin(earlier: Promise<void> | undefined): Promise<void> {
    await earlier?.catch(() => {})
    running = next
    next = undefined
    isDirty = false
    try {
      await flush()
      hasFailed = false
    } catch (error) {
      hasFailed = true
      throw storageAway(error)
    } finally {
      if (next === undefined) running = undefined
    }
  }

  async function flush(): Promise<void> {
    // What a disk once refused it may have dropped, and say nothing the second time: the pages are written elsewhere.
    if (hasFailed) return checkpoint(database.name)
    descriptor ??= await openLog(`${database.name}-wal`)
    await promisify(fdatasync)(descriptor)
  }

  return Object.freeze({
    wrote() {
      isDirty = true
    },
    async onDisk() {
      const version = attempt(() => others.get())
      if (isDirty || version !== seen) {
        seen = version
        await flushNext()
      } else if (running !== undefined) await (next ?? running)
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
