import { deriveKey, seal, unseal } from '../signing-keys/seal.js'

/**
 * Seals the answer to a refresh under a key from the token that was presented, which is stored nowhere: whoever reads the
 * database cannot open it, and whoever presents the token again can be given the same answer.
 */
export function sealAnswer(presented: string, sid: string, answer: string): Buffer {
  return seal(keyOf(presented), Buffer.from(answer), placeOf(sid))
}

/** The answer, byte for byte; undefined when it was sealed under another token. */
export function unsealAnswer(presented: string, sid: string, sealed: Uint8Array): string | undefined {
  return unseal(keyOf(presented), sealed, placeOf(sid))?.toString()
}

function keyOf(presented: string): Buffer {
  return deriveKey(Buffer.from(presented), 'refresh-answer')
}

function placeOf(sid: string) {
  return { table: 'sessions', id: sid, use: 'answer' }
}
