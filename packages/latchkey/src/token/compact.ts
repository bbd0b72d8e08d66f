/** The parts of a compact JWS (RFC 7515 section 3.1), each known to be canonical base64url. */
import { decodeBase64urlText, isBase64url } from '../encoding/index.js'
import { maxInputLength } from './text-scratch.js'

export interface CompactParts {
  readonly header: string
  readonly payload: string
  /** The bytes of the payload, as a text of characters below 256. */
  readonly payloadText: string
  /** How many characters were signed: header, dot, payload. Behind the next dot stands the signature. */
  readonly signedLength: number
}

/** Tokens are at most this many characters long. */
export const maxTokenLength = maxInputLength

/**
 * Splits a compact JWS; undefined when it is too long, has not three parts, or one part is not canonical base64url. A header of
 * `knownLength` characters is known to be, and not looked at.
 */
export function splitCompact(text: string, knownLength = 0): CompactParts | undefined {
  if (typeof text !== 'string' || text.length > maxTokenLength) return undefined
  const first = knownLength || text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  if (first < 1 || second < 0 || second === text.length - 1) return undefined
  const header = text.slice(0, first)
  // A third dot is outside the alphabet.
  if (!isBase64url(text, second + 1) || (knownLength === 0 && !isBase64url(header))) return undefined
  const payload = text.slice(first + 1, second)
  const payloadText = decodeBase64urlText(payload)
  return payloadText === undefined ? undefined : { header, payload, payloadText, signedLength: second }
}
