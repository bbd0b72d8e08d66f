import { randomBytes } from 'node:crypto'
import { hashCredential, readCredential, writeCredential } from '../sessions/credential-text.js'

/** API keys: `lkk_` and the text of id 16 | random 34 bytes, with a checksum. The id is that of the key's session row. */
const prefix = 'lkk_'
const idBytes = 16
const totalBytes = 50

export interface ApiKey {
  /** 128 bits in base64url: `client_id` for OAuth libraries, and the `sid` of its tokens. */
  readonly id: string
  /** SHA-256 of the key: all that is stored of it. */
  readonly hash: Buffer
}

export interface NewApiKey extends ApiKey {
  readonly key: string
}

/** Makes a key that is nobody's yet. */
export function makeApiKey(): NewApiKey {
  const bytes = randomBytes(totalBytes)
  const key = writeCredential(prefix, bytes)
  return Object.freeze({ id: bytes.toString('base64url', 0, idBytes), key, hash: hashCredential(key) })
}

/** Reads an API key; undefined for any text that `makeApiKey` cannot have made. */
export function parseApiKey(text: string): ApiKey | undefined {
  const bytes = readCredential(prefix, totalBytes, text)
  if (bytes === undefined) return undefined
  return Object.freeze({ id: bytes.toString('base64url', 0, idBytes), hash: hashCredential(text) })
}
