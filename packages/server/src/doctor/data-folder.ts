/** The data folder of a SQLite deployment: who may read it, and what it gives away. */
import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Finding, fault, ok, warning } from './finding.js'

const othersMay = 0o077
const worldReads = 0o004
const shownFiles = 5
const leastBytes = 64 * 1024 ** 2
const fewBytes = 1024 ** 3

/** As Linux numbers them: NFS, SMB, SMB 2, CIFS, AFS, Ceph, Lustre, GFS2, OCFS2, 9P. */
const networkFileSystems = new Set([
  ...[0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x5346414f, 0x00c36400, 0x0bd00bd0, 0x01161970, 0x7461636f, 0x01021997],
])

/** Looks at the modes of the folder and of everything in it; on Windows, which has none, at nothing. */
export function checkModes(dataFolder: string): readonly Finding[] {
  if (process.platform === 'win32') return []
  return [secretMode(join(dataFolder, 'secret')), folderMode(dataFolder), readableFiles(dataFolder)].filter(
    (found) => found !== undefined,
  )
}

function secretMode(path: string): Finding | undefined {
  if (!existsSync(path)) return undefined
  const mode = statSync(path).mode & 0o777
  if ((mode & othersMay) === 0) return ok('secret file', `The file "secret" has the mode ${octal(mode)}.`)
  const found = `The file "secret" has the mode ${octal(mode)}: other users of this machine may sign tokens.`
  return fault('secret file', found, `Run: chmod 600 ${resolve(path)}; change the secret if others had access.`)
}

function folderMode(dataFolder: string): Finding {
  const mode = statSync(dataFolder).mode & 0o777
  const found = `The data folder ${resolve(dataFolder)} has the mode ${octal(mode)}.`
  if ((mode & othersMay) === 0) return ok('data folder', found)
  return warning('data folder', found, `Run: chmod 700 ${resolve(dataFolder)}`)
}

function readableFiles(dataFolder: string): Finding {
  const names = readdirSync(dataFolder, { recursive: true, encoding: 'utf8' })
  const readable = names.filter((name) => {
    const found = statSync(join(dataFolder, name), { throwIfNoEntry: false })
    return found?.isFile() && (found.mode & worldReads) !== 0
  })
  if (readable.length === 0) return ok('data files', 'No file of the data folder is readable by every user.')
  const shown = readable.slice(0, shownFiles).join(', ')
  const found = `Every user of this machine may read ${readable.length} of the data folder's files: ${shown}.`
  return fault('data files', found, `Run: chmod -R go-rwx ${resolve(dataFolder)}`)
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

/** Says what somebody has who copies the whole folder; `secretGiven`: the secret comes from elsewhere. */
export function checkCopy(dataFolder: string, secretGiven: boolean): Finding {
  const holds = 'accounts, password hashes and sessions'
  if (secretGiven && !existsSync(join(dataFolder, 'secret'))) {
    return ok('copy', `A copy of the data folder gives away ${holds}, but no key: the secret is kept elsewhere.`)
  }
  const found = `A copy of the data folder gives away ${holds}, and the secret beside them: whoever has it can sign tokens for everybody.`
  const given = 'Take the file "secret" away: LATCHKEY_SECRET counts.'
  const advice =
    'Back up by "latchkey backup", which leaves the secret out, or keep the secret elsewhere as LATCHKEY_SECRET.'
  return warning('copy', found, secretGiven ? given : advice)
}

export interface FileSystem {
  readonly type: number
  readonly bsize: number
  readonly bavail: number
}

/** Looks at the file system under the folder, or at what is given for it. */
export function checkFileSystem(dataFolder: string, found: FileSystem = statfsSync(dataFolder)): readonly Finding[] {
  const { type, bsize, bavail } = found
  return [checkSpace(bavail * bsize), checkKind(type)]
}

function checkSpace(bytes: number): Finding {
  const found = `${Math.floor(bytes / 1024 ** 2)} MiB are free for the database.`
  if (bytes >= fewBytes) return ok('disk', found)
  const advice = 'Give it room: a full disk refuses logins, refreshes and logouts.'
  return bytes >= leastBytes ? warning('disk', found, advice) : fault('disk', found, advice)
}

/** What is mounted by FUSE does not say what it is. */
function checkKind(type: number): Finding {
  if (!networkFileSystems.has(type))
    return ok('file system', 'The data folder is on no network file system that is known.')
  const advice = 'Move the data folder to a disk of this machine, or use PostgreSQL.'
  return fault('file system', 'The data folder is on a network file system, whose locks SQLite cannot trust.', advice)
}
