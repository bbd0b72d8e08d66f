/** The low-level pair: signs bytes and verifies them, knowing nothing of claims (RFC 7515 sections 5.1, 5.2 and 7.1). */

import type { JsonObject } from '../encoding/index.js'
import { decodeBase64url, encodeBase64url, readStrictJson } from '../encoding/index.js'
import { LatchkeyError } from '../errors.js'
import { maxTokenLength, splitCompact } from './compact.js'
import { readJsonSegment } from './header.js'
import type { Jwk } from './jwk.js'
import { importKey, Key } from './key.js'
import { type Keys, readKeys } from './key-set.js'

export interface VerifiedCompact {
  readonly header: JsonObject
  readonly payload: Uint8Array
}

/**
 * Signs `payload` as a compact JWS. Without `header` it is `{ alg, kid }`; with it, exactly that object is written, in its
 * order of members.
 * @throws TypeError when `header` names another algorithm or key than `key`, holds `crit` or `b64` or what strict readers
 * refuse (a lone surrogate, `__proto__`, more than 32 levels), when the key cannot sign, or when the result would be longer than 8,192 characters.
 */
export function signCompact(payload: Uint8Array, key: Key | Jwk, header?: JsonObject): string {
  const signing = key instanceof Key ? key : importKey(key)
  const written = header ?? { alg: signing.alg, kid: signing.kid }
  if (written.alg !== signing.alg) throw new TypeError(`The header must have alg "${signing.alg}", the key's own`)
  if (written.kid !== undefined && written.kid !== signing.kid)
    throw new TypeError("The header's kid must be the key's")
  if ('crit' in written || 'b64' in written) throw new TypeError('Headers with crit or b64 are not supported')
  const text = JSON.stringify(written)
  const { reason, field } = readStrictJson(text) as { reason?: string; field?: string }
  if (reason !== undefined) throw new TypeError(`The header's ${field} ${reason}`)
  const input = `${encodeBase64url(text)}.${encodeBase64url(payload)}`
  if (input.length + 87 > maxTokenLength) throw new TypeError(`A token is at most ${maxTokenLength} characters long`)
  return `${input}.${Key.sign(signing, input)}`
}

/**
 * Verifies a compact JWS and returns its header and the bytes that were signed. Checks the signature only: no claim, no
 * expiry, no `typ`; for access tokens use `createVerifier`. The header's `alg` must be that of the key; a header with
 * `crit` or `b64` is refused, other members are ignored. The key is the one its `kid` names, or the only one there is.
 * @throws LatchkeyError `token_invalid`
 * @throws TypeError when a key is wrong (see `importKey`).
 */
export function verifyCompact(text: string, keys: Keys): VerifiedCompact {
  const list = readKeys(keys)
  const parts = splitCompact(text)
  const header = parts && readJsonSegment(parts.header)
  const key = header && findKey(header, list)
  if (!parts || !header || !key || !Key.verify(key, text, parts.signedLength)) {
    throw new LatchkeyError('token_invalid', { detail: reasonOf(parts, header, key) })
  }
  // A copy: Node's small buffers lie in one piece of memory, beside whatever else was decoded.
  return { header, payload: new Uint8Array(decodeBase64url(parts.payload) as Uint8Array) }
}

function findKey(header: JsonObject, keys: readonly Key[]): Key | undefined {
  if ('crit' in header || 'b64' in header) return undefined
  if (header.kid !== undefined && typeof header.kid !== 'string') return undefined
  const key = header.kid === undefined ? onlyOne(keys) : keys.find((candidate) => candidate.kid === header.kid)
  return key?.alg === header.alg ? key : undefined
}

function onlyOne(keys: readonly Key[]): Key | undefined {
  return keys.length === 1 ? keys[0] : undefined
}

function reasonOf(parts: unknown, header: unknown, key: unknown): string {
  if (!parts) return 'The token must be three parts in canonical base64url, at most 8,192 characters together'
  if (!header) return 'The header must be a JSON object, strictly written'
  if (!key) return 'The header must name the algorithm of one of the keys, and no extension'
  return 'The signature is not that of the key'
}
