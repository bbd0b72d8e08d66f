import { createHash, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

const checksumBytes = 4

/**
 * Opaque credentials as text: a prefix that says what it is, and base64url of the bytes and of their CRC-32, prefix included.
 * The checksum tells a mistyped credential from a wrong one without the database. Bytes and checksum are a multiple of three
 * together, so that each credential has one spelling.
 */
export function writeCredential(prefix: string, bytes: Uint8Array): string {
  const whole = Buffer.alloc(bytes.length + checksumBytes)
  if (whole.length % 3 !== 0) throw new TypeError('A credential must be a multiple of three bytes with its checksum')
  whole.set(bytes)
  whole.writeUInt32BE(crc32(bytes, crc32(prefix)), bytes.length)
  return prefix + whole.toString('base64url')
}

/** The bytes of a credential; undefined for any text that `writeCredential` cannot have made of so many. */
export function readCredential(prefix: string, length: number, text: string): Buffer | undefined {
  const characters = ((length + checksumBytes) / 3) * 4
  if (text.length !== prefix.length + characters || !text.startsWith(prefix)) return undefined
  const rest = text.slice(prefix.length)
  if (!/^[A-Za-z0-9_-]+$/.test(rest)) return undefined
  const whole = Buffer.from(rest, 'base64url')
  const bytes = whole.subarray(0, length)
  return whole.readUInt32BE(length) === crc32(bytes, crc32(prefix)) ? bytes : undefined
}

/** All that is stored of a credential: SHA-256 of its text, which is random enough to need no slow hash. */
export function hashCredential(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Whether this is what is stored of it, in constant time. */
export function isHash(hash: Uint8Array, stored: Uint8Array | null): boolean {
  return stored !== null && stored.length === hash.length && timingSafeEqual(stored, hash)
}
