import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../store/start-error.js'
import { weaknessOf } from './secret-weakness.js'

const minBytes = 32
const draft = /^secret\.[0-9a-f]{16}$/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Splits the value of LATCHKEY_SECRET: one secret, or `new,old` while nodes change from one to the other. The first one wraps
 * what is new, each may unwrap. White space around each is left out, as files bring it.
 *
 * @throws StartError `secret_too_short` unless each has 32 bytes of UTF-8 or more; `secret_weak` when the first one was published
 * or can be guessed. The old one may be, so that it can be left behind.
 */
export function readSecretList(value: string): readonly string[] {
  const secrets = value.split(',').map((secret) => secret.trim())
  if (secrets.some((secret) => Buffer.byteLength(secret) < minBytes)) {
    throw new StartError(
      'secret_too_short',
      `LATCHKEY_SECRET must have ${minBytes} bytes or more; a list is written new,old, each of that length. ` +
        'Make one with: openssl rand -base64 32',
    )
  }
  const weakness = weaknessOf(secrets[0] as string)
  if (weakness !== undefined) {
    throw new StartError(
      'secret_weak',
      `LATCHKEY_SECRET is ${weakness}: tokens could be forged. Make one with: openssl rand -base64 32. Where the database has ` +
        'keys already, run "latchkey key rewrap" with LATCHKEY_SECRET=new,old, and take the old one away afterwards.',
    )
  }
  return secrets
}

/**
 * The secret that an earlier start left in the data folder; undefined when there is none.
 * @throws StartError `secret_missing`, `secret_too_short` or `secret_weak` when what is there cannot be used.
 */
export function readSecretFile(dataFolder: string): string | undefined {
  const path = join(dataFolder, 'secret')
  const secret = readText(path)
  if (secret === undefined) return undefined
  if (Buffer.byteLength(secret) < minBytes) {
    throw new StartError(
      'secret_too_short',
      `The file ${path} holds fewer than ${minBytes} bytes. Restore it from where the secret is kept.`,
    )
  }
  const weakness = weaknessOf(secret)
  if (weakness !== undefined) {
    throw new StartError(
      'secret_weak',
      `The secret in the file ${path} is ${weakness}: tokens could be forged. Make another with: openssl rand -base64 32, run ` +
        '"latchkey key rewrap" with LATCHKEY_SECRET=new,old, and put the new one into the file.',
    )
  }
  // Whoever was stopped between giving a draft its name and removing it left a copy.
  for (const name of readdirSync(dataFolder)) if (draft.test(name)) rmSync(join(dataFolder, name), { force: true })
  return secret
}

function readText(path: string): string | undefined {
  try {
    return utf8.decode(readFileSync(path)).trim()
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENOENT') return undefined
    // Bytes that are no text would all be read as the same character.
    const what = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'must be text in UTF-8' : `cannot be read (${code})`
    throw new StartError('secret_missing', `The file ${path} ${what}.`, error)
  }
}

/**
 * Makes the file `secret` (0600) in the data folder and answers its content, or that of the process that was quicker. It is
 * written and on disk before it bears its name, so that nobody ever reads a part of it.
 *
 * @throws StartError `folder_unusable` when the folder takes no file.
 */
export function makeSecretFile(dataFolder: string): string {
  try {
    writeSecret(dataFolder)
    syncFolder(dataFolder)
  } catch (error) {
    const { code } = error as { code?: string }
    throw new StartError('folder_unusable', `The file "secret" cannot be made in ${dataFolder} (${code}).`, error)
  }
  return readSecretFile(dataFolder) as string
}

function writeSecret(dataFolder: string): void {
  const path = join(dataFolder, 'secret')
  const text = `${randomBytes(32).toString('base64url')}\n`
  const draftPath = `${path}.${randomBytes(8).toString('hex')}`
  try {
    writeNew(draftPath, text)
    // As exclusive as O_EXCL: a name that is taken stays as it is.
    linkSync(draftPath, path)
  } catch (error) {
    const { code } = error as { code?: string }
    // Another one was quicker, and may have cleared this draft away.
    if (code === 'EEXIST' || (code === 'ENOENT' && readText(path) !== undefined)) return
    // File systems without links: then whoever reads at this moment may see a part, and says that it is too short.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error
    writeNew(path, text)
  } finally {
    rmSync(draftPath, { force: true })
  }
}

function writeNew(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function syncFolder(folder: string): void {
  // Windows opens no folder as a file.
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
