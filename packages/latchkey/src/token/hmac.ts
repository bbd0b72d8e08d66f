/** HMAC (RFC 2104) by two one-shot hashes over a prepared scratch, which is faster than `createHmac`. */
import { hash as digest } from 'node:crypto'
import type { HmacAlgorithm } from './algorithms.js'

/** The longest text that is signed or verified: no token is longer. */
export const maxInputLength = 8192

/** Returns the HMAC of ASCII texts under one secret, as base64url. The caller has checked that the text is ASCII. */
export function createHmacText(algorithm: HmacAlgorithm, secret: Uint8Array): (text: string) => string {
  const { hash, blockBytes, hashBytes } = algorithm
  const key = secret.length > blockBytes ? digest(hash, secret, 'buffer') : secret
  const inner = Buffer.alloc(blockBytes + maxInputLength, 0x36)
  const outer = Buffer.alloc(blockBytes + hashBytes, 0x5c)
  for (let i = 0; i < key.length; i++) {
    inner[i] = (inner[i] as number) ^ (key[i] as number)
    outer[i] = (outer[i] as number) ^ (key[i] as number)
  }
  return (text) => {
    // Cut input would authenticate a text that nobody signed.
    if (text.length > maxInputLength) throw new RangeError(`A text of ${text.length} characters is too long to sign`)
    inner.write(text, blockBytes, 'latin1')
    outer.write(digest(hash, inner.subarray(0, blockBytes + text.length), 'binary'), blockBytes, 'latin1')
    return digest(hash, outer, 'base64url')
  }
}
