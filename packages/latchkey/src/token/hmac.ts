/** HMAC (RFC 2104) by two one-shot hashes over a prepared scratch, which is faster than `createHmac`. */
import { hash as digest } from 'node:crypto'
import type { HmacAlgorithm } from './algorithms.js'

/** The longest text that is signed or verified: no token is longer. */
export const maxInputLength = 8192

/** Up to here the view of a length is kept, which is quicker than a new one. */
const maxKeptLength = 1024

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
  const kept: (Uint8Array | undefined)[] = new Array(maxKeptLength + 1).fill(undefined)
  return (text) => {
    const { length } = text
    // Cut input would authenticate a text that nobody signed.
    if (length > maxInputLength) throw new RangeError(`A text of ${length} characters is too long to sign`)
    inner.write(text, blockBytes, 'latin1')
    let view = kept[length]
    if (view === undefined) {
      view = inner.subarray(0, blockBytes + length)
      if (length <= maxKeptLength) kept[length] = view
    }
    outer.write(digest(hash, view, 'binary'), blockBytes, 'latin1')
    return digest(hash, outer, 'base64url')
  }
}
