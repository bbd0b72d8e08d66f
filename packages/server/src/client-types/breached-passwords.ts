import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { StartError } from '../store/start-error.js'

/** A line is shorter: 40 digits, a colon, a count, and its end. */
const maxLineBytes = 128
const blockBytes = 4096
/** How many blocks are looked at before the list is used. */
const samples = 64
const lineSyntax = /^[0-9A-F]{40}(?::[0-9]{1,19})?\r?$/i

/** A list of breached passwords that stays in its file. */
export interface BreachedPasswords {
  /**
   * Whether a password is on the list, by some 25 small reads, which hold up nobody else. Another file of the same name is read
   * from its next question on, unchecked.
   * @throws Error when the file cannot be read any more.
   */
  has(password: string): Promise<boolean>
}

/**
 * Opens a list of breached passwords as the downloader of Have I Been Pwned writes it: a line for each password, the SHA-1 of
 * its UTF-8 in hexadecimal, in the order of these hashes, `:COUNT` after it, which is not read. Looks at a sample of 64 blocks,
 * the first and the last among them: that somebody who means well gave the right file, not that each line is in its place.
 * @throws StartError `breached_passwords_unusable`
 */
export async function openBreachedPasswords(path: string): Promise<BreachedPasswords> {
  try {
    await withFile(path, checkSample)
  } catch (cause) {
    const why = cause instanceof UnusableList ? cause.message : `cannot be read (${(cause as { code?: string }).code})`
    const wanted = "the list of SHA-1 hashes, ordered by hash, that the downloader of Have I Been Pwned's list writes"
    throw new StartError(
      'breached_passwords_unusable',
      `${path} ${why}. breachedPasswordsFile must be ${wanted}.`,
      cause,
    )
  }
  return Object.freeze({
    has: (password: string) => withFile(path, (file) => holds(file, sha1(password))),
  })
}

const noLine = 'holds a line that is not SHA-1:COUNT'

/** Why a file is no such list, as it stands after its name. */
class UnusableList extends Error {}

interface ListFile {
  readonly size: number
  read(position: number, length: number): Promise<string>
}

async function withFile<Result>(path: string, work: (file: ListFile) => Promise<Result>): Promise<Result> {
  // Before it is opened: opening a pipe would wait for whoever writes.
  if (!(await stat(path)).isFile()) throw new UnusableList('is no file')
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    return await work({
      size,
      async read(position, length) {
        const buffer = Buffer.alloc(Math.min(length, size - position))
        let filled = 0
        while (filled < buffer.length) {
          const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled)
          if (bytesRead === 0) throw new UnusableList('became shorter while it was read')
          filled += bytesRead
        }
        return buffer.toString('latin1')
      },
    })
  } finally {
    await handle.close()
  }
}

async function checkSample({ size, read }: ListFile): Promise<void> {
  if (size === 0) throw new UnusableList('is empty')
  const step = Math.max(blockBytes, Math.ceil(size / samples))
  const positions = Array.from({ length: Math.ceil(size / step) }, (_, i) => i * step)
  // And the end, where it is not in the last of these.
  positions.push(Math.max((positions.at(-1) as number) + blockBytes, size - blockBytes))
  let before = ''
  for (const position of positions.filter((one) => one < size)) {
    const lines = (await read(position, blockBytes)).split('\n')
    if (lines.some((line) => line.length > maxLineBytes)) throw new UnusableList(noLine)
    const whole = lines.slice(
      position === 0 ? 0 : 1,
      position + blockBytes < size || lines.at(-1) === '' ? -1 : undefined,
    )
    for (const line of whole) {
      const hash = hashOf(line)
      if (hash < before) throw new UnusableList(`is not in the order of its hashes, after byte ${position}`)
      before = hash
    }
  }
}

/** Halves the file until a block is left. What is looked for begins at `from`, where a line begins, or later, and before `to`. */
async function holds({ size, read }: ListFile, wanted: string): Promise<boolean> {
  let [from, to] = [0, size]
  while (to - from > blockBytes) {
    const middle = from + Math.floor((to - from) / 2)
    // The rest of a line, and the next one: what is read here is too far from the end to lack it.
    const [rest = '', next = ''] = (await read(middle, 2 * maxLineBytes)).split('\n', 2)
    if (hashOf(next) <= wanted) from = middle + rest.length + 1
    else to = middle + 1
  }
  const lines = (await read(from, to - from + maxLineBytes)).split('\n')
  return lines.some((line) => line.slice(0, wanted.length).toUpperCase() === wanted)
}

function hashOf(line: string): string {
  if (!lineSyntax.test(line)) throw new UnusableList(noLine)
  return line.slice(0, 40).toUpperCase()
}

/** What the list is written with; nothing here is kept safe by it. */
function sha1(password: string): string {
  return createHash('sha1').update(password, 'utf8').digest('hex').toUpperCase()
}
