/** Keys in a file, for `createAuth({ keys: 'keys.json' })`: a JWK, a list, or a JWK set (RFC 7517 sections 4 and 5). */
import { decodeUtf8, readStrictJson } from '../encoding/index.js'
import type { Key } from '../token/index.js'
import { type Keys, readKeys } from '../token/key-set.js'

const maxFileBytes = 64 * 1024

/**
 * Reads the file once. What it holds is never part of a message, and neither is a path where there is nothing: it might be the
 * key itself, given by mistake.
 * @throws TypeError saying what is wrong with the file.
 */
export function readKeyFile(path: string): readonly Key[] {
  const bytes = readSmallFile(path)
  const wrong = (expectation: string) => new TypeError(`The file ${path}, given as keys, ${expectation}`)
  if (bytes === undefined) throw wrong(`must be a file of at most ${maxFileBytes} bytes`)
  const text = decodeUtf8(bytes)
  if (text === undefined) throw wrong('must be UTF-8')
  const parsed = readStrictJson(text)
  if (parsed.reason !== undefined) throw wrong(parsed.reason)
  try {
    return readKeys(parsed.value as Keys)
  } catch (error) {
    throw wrong(`must hold keys: ${(error as TypeError).message}`)
  }
}

/** Undefined for what is no file, or too long. */
function readSmallFile(path: string): Uint8Array | undefined {
  // Asked for only here, so that the package loads where there are no files: of Node it imports node:crypto alone.
  const files = globalThis.process?.getBuiltinModule?.('node:fs')
  if (!files) throw new TypeError('keys must be given themselves: there are no files here')
  try {
    const found = files.statSync(path)
    // A pipe would be waited for.
    if (!found.isFile() || found.size > maxFileBytes) return undefined
    const bytes = files.readFileSync(path)
    return bytes.length > maxFileBytes ? undefined : bytes
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    throw new TypeError(`keys, given as a text, must be the path of a file that can be read (${String(code)})`)
  }
}
