/** The parts of a compact JWS (RFC 7515 section 3.1), each known to be canonical base64url. */
import { isBase64url } from '../encoding/index.js'
import { maxInputLength } from './hmac.js'

export interface CompactParts {
  readonly header: string
  readonly payload: string
  readonly signature: string
  /** What was signed: header, dot, payload. */
  readonly input: string
}

/** Tokens are at most this many characters long. */
export const maxTokenLength = maxInputLength

/** Splits a compact JWS; undefined when it is too long, has not three parts, or one part is not canonical base64url. */
export function splitCompact(text: string): CompactParts | undefined {
  if (typeof text !== 'string' || text.length > maxTokenLength) return undefined
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  if (first < 1 || second < 0 || second === text.length - 1) return undefined
  // A third dot is outside the alphabet.
  if (!isBase64url(text, 0, first) || !isBase64url(text, first + 1, second) || !isBase64url(text, second + 1)) {
    return undefined
  }
  return {
    header: text.slice(0, first),
    payload: text.slice(first + 1, second),
    signature: text.slice(second + 1),
    input: text.slice(0, second),
  }
}
