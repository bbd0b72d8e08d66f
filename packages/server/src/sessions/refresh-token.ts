import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { hashCredential, readCredential, writeCredential } from './credential-text.js'

/**
 * Refresh tokens: `lkr_` and the text of these bytes, with a checksum:
 *
 *     sid 16 | gen 4 (big endian) | random 32 | tag 16
 *
 * tag = the first 128 bits of HMAC-SHA-256(tag key of the session, sid | gen | random): it tells an old token from an invented
 * one.
 */
const prefix = 'lkr_'
const genAt = 16
const randomAt = 20
const tagAt = 52
const totalBytes = 68
const maxGen = 2 ** 31 - 2

export interface NewRefreshToken {
  readonly token: string
  /** SHA-256 of the token: all that is stored of it. */
  readonly hash: Buffer
}

export interface RefreshToken {
  readonly sid: string
  readonly gen: number
  readonly hash: Buffer
  /** Whether the session with this tag key issued it, at whatever time. In constant time. */
  hasTagOf(tagKey: Uint8Array): boolean
}

/** A key for the tags of one session. */
export function makeTagKey(): Buffer {
  return randomBytes(32)
}

/**
 * Makes a refresh token of a session's generation.
 * @throws TypeError for a sid that is not 128 bits in base64url, or a generation out of range.
 */
export function makeRefreshToken(parts: { sid: string; gen: number; tagKey: Uint8Array }): NewRefreshToken {
  const { sid, gen, tagKey } = parts
  const bytes = Buffer.alloc(totalBytes)
  const sidBytes = Buffer.from(sid, 'base64url')
  if (sidBytes.length !== genAt || sidBytes.toString('base64url') !== sid) {
    throw new TypeError('sid must be 128 bits in base64url')
  }
  if (!Number.isInteger(gen) || gen < 0 || gen > maxGen) throw new TypeError('gen must be a whole number below 2^31-1')
  sidBytes.copy(bytes)
  bytes.writeUInt32BE(gen, genAt)
  randomBytes(tagAt - randomAt).copy(bytes, randomAt)
  tagOf(tagKey, bytes).copy(bytes, tagAt)
  const token = writeCredential(prefix, bytes)
  return { token, hash: hashCredential(token) }
}

/** Reads a refresh token; undefined for any text that `makeRefreshToken` cannot have made. Does not check the tag. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  const bytes = readCredential(prefix, totalBytes, text)
  const gen = bytes?.readUInt32BE(genAt)
  if (bytes === undefined || gen === undefined || gen > maxGen) return undefined
  return Object.freeze({
    sid: bytes.toString('base64url', 0, genAt),
    gen,
    hash: hashCredential(text),
    hasTagOf: (tagKey: Uint8Array) => timingSafeEqual(tagOf(tagKey, bytes), bytes.subarray(tagAt, totalBytes)),
  })
}

function tagOf(tagKey: Uint8Array, bytes: Buffer): Buffer {
  return createHmac('sha256', tagKey)
    .update(bytes.subarray(0, tagAt))
    .digest()
    .subarray(0, totalBytes - tagAt)
}
