/** HMAC (RFC 2104) by two one-shot hashes over prepared bytes, which is faster than `createHmac`. */
import { hash as digest } from 'node:crypto'
import type { HmacAlgorithm } from './algorithms.js'
import { TextScratch } from './text-scratch.js'

/** The HMAC of an ASCII text, or of its first `length` characters, as base64url. */
export type HmacText = (text: string, length?: number) => string

export function createHmacText(algorithm: HmacAlgorithm, secret: Uint8Array): HmacText {
  const { hash, blockBytes, hashBytes } = algorithm
  const key = secret.length > blockBytes ? digest(hash, secret, 'buffer') : secret
  const innerPad = Buffer.alloc(blockBytes, 0x36)
  const outer = Buffer.alloc(blockBytes + hashBytes, 0x5c)
  for (let i = 0; i < key.length; i++) {
    innerPad[i] = (innerPad[i] as number) ^ (key[i] as number)
    outer[i] = (outer[i] as number) ^ (key[i] as number)
  }
  const inner = new TextScratch(innerPad)
  return (text, length = text.length) => {
    outer.write(digest(hash, inner.write(text, length), 'binary'), blockBytes, 'latin1')
    return digest(hash, outer, 'base64url')
  }
}
