import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { backupMarkName } from '../identity.js'
import { StartError } from '../start-error.js'
import { openBetterSqlite } from './better-sqlite.js'

/**
 * Writes a copy of the database as it is at this moment into one file (mode 0600), marked as a backup made at `madeAt`. Others go
 * on reading and writing meanwhile. The file is there as a whole and on disk, or not at all.
 *
 * @throws StartError `backup_impossible` when there is a file of that name, or it cannot be written.
 */
export function backUp(source: string, target: string, madeAt: string): void {
  const draft = `${target}.partial`
  try {
    if (existsSync(target)) throw new StartError('backup_impossible', `${target} exists already. Give another name.`)
    // Left by one that was stopped.
    rmSync(draft, { force: true })
    closeSync(openSync(draft, 'wx', 0o600))
    copy(source, draft)
    mark(draft, madeAt)
    flush(draft)
    renameSync(draft, target)
    flush(dirname(target))
  } catch (error) {
    rmSync(draft, { force: true })
    if (error instanceof StartError) throw error
    const code = (error as { code?: string }).code ?? 'unknown'
    throw new StartError('backup_impossible', `The backup ${target} cannot be written (${code}).`, error)
  }
}

function copy(source: string, target: string): void {
  const database = openBetterSqlite(source, { readonly: true, fileMustExist: true, timeout: 5_000 })
  try {
    // One reading transaction, so that writers cannot make it begin again and again.
    database.prepare('vacuum into ?').run(target)
  } finally {
    database.close()
  }
}

function mark(file: string, madeAt: string): void {
  const database = openBetterSqlite(file)
  try {
    database.prepare('insert or replace into meta (name, value) values (?, ?)').run(backupMarkName, madeAt)
  } finally {
    database.close()
  }
  if (process.platform !== 'win32') chmodSync(file, 0o600)
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
