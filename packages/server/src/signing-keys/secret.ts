import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../store/start-error.js'

const minBytes = 32

/**
 * Splits the value of LATCHKEY_SECRET: one secret, or `new,old` while nodes change from one to the other. The first one wraps
 * what is new, each may unwrap.
 *
 * @throws StartError `secret_too_short` unless each has 32 bytes of UTF-8 or more.
 */
export function readSecretList(value: string): readonly string[] {
  const secrets = value.split(',')
  if (secrets.some((secret) => Buffer.byteLength(secret) < minBytes)) {
    throw new StartError(
      'secret_too_short',
      `LATCHKEY_SECRET must have ${minBytes} bytes or more; a list is written new,old, each of that length. ` +
        'Make one with: openssl rand -base64 32',
    )
  }
  return secrets
}

/** The secret that an earlier start left in the data folder; undefined when there is none. */
export function readSecretFile(dataFolder: string): string | undefined {
  try {
    const secret = readFileSync(secretPath(dataFolder), 'utf8').trim()
    if (Buffer.byteLength(secret) >= minBytes) return secret
  } catch (error) {
    const code = (error as { code?: string }).code
    if (code === 'ENOENT') return undefined
    throw new StartError('secret_missing', `The file ${secretPath(dataFolder)} cannot be read (${code}).`, error)
  }
  throw new StartError(
    'secret_too_short',
    `The file ${secretPath(dataFolder)} holds fewer than ${minBytes} bytes. Restore it from where the secret is kept.`,
  )
}

/**
 * Makes the file `secret` (0600) in the data folder and answers its content, or that of the process that was quicker. It is
 * written and on disk before it bears its name, so that nobody ever reads a part of it.
 */
export function makeSecretFile(dataFolder: string): string {
  const draft = `${secretPath(dataFolder)}.${randomBytes(8).toString('hex')}`
  const file = openSync(draft, 'wx', 0o600)
  try {
    writeSync(file, `${randomBytes(32).toString('base64url')}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  try {
    // As exclusive as O_EXCL: a name that is taken stays as it is.
    linkSync(draft, secretPath(dataFolder))
    syncFolder(dataFolder)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(draft)
  }
  return readSecretFile(dataFolder) as string
}

function syncFolder(folder: string): void {
  // Windows opens no folder as a file.
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

function secretPath(dataFolder: string): string {
  return join(dataFolder, 'secret')
}
