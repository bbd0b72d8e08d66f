import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

/**
 * Refresh tokens: `lkr_` and 96 characters of base64url, the text of these 72 bytes, so that each token has one spelling:
 *
 *     sid 16 | gen 4 (big endian) | random 32 | tag 16 | checksum 4
 *
 * tag = the first 128 bits of HMAC-SHA-256(tag key of the session, sid | gen | random): it tells an old token from an invented
 * one. checksum = CRC-32 of all before it, prefix included: it tells a mistyped token from either, without the database.
 */
const prefix = 'lkr_'
const genAt = 16
const randomAt = 20
const tagAt = 52
const checksumAt = 68
const totalBytes = 72
const maxGen = 2 ** 31 - 2

const shape = /^lkr_[A-Za-z0-9_-]{96}$/

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
  bytes.writeUInt32BE(checksumOf(bytes), checksumAt)
  const token = prefix + bytes.toString('base64url')
  return { token, hash: hashRefreshToken(token) }
}

/** Reads a refresh token; undefined for any text that `makeRefreshToken` cannot have made. Does not check the tag. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  if (!shape.test(text)) return undefined
  const bytes = Buffer.from(text.slice(prefix.length), 'base64url')
  if (bytes.readUInt32BE(checksumAt) !== checksumOf(bytes)) return undefined
  const gen = bytes.readUInt32BE(genAt)
  if (gen > maxGen) return undefined
  return Object.freeze({
    sid: bytes.toString('base64url', 0, genAt),
    gen,
    hash: hashRefreshToken(text),
    hasTagOf: (tagKey: Uint8Array) => timingSafeEqual(tagOf(tagKey, bytes), bytes.subarray(tagAt, checksumAt)),
  })
}

/** What is stored of a refresh token: SHA-256 of its text. */
function hashRefreshToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function tagOf(tagKey: Uint8Array, bytes: Buffer): Buffer {
  return createHmac('sha256', tagKey)
    .update(bytes.subarray(0, tagAt))
    .digest()
    .subarray(0, checksumAt - tagAt)
}

function checksumOf(bytes: Buffer): number {
  return crc32(bytes.subarray(0, checksumAt), crc32(prefix))
}
