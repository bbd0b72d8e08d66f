/** Reads the Authorization header (RFC 9110 section 11.6.2): Bearer (RFC 6750 section 2.1) and Basic (RFC 7617). */
import { decodeUtf8 } from '../encoding/index.js'

/**
 * What a request brought. `foreign`: none of ours, such as Digest. `several`: more than one, which RFC 6750 section 2 forbids.
 * `malformed`: our scheme, but nothing that could be a token.
 */
export type Credentials =
  | { readonly kind: 'none' | 'foreign' | 'several' }
  | { readonly kind: 'malformed'; readonly scheme: 'basic' | 'bearer'; readonly reason: string }
  | { readonly kind: 'token'; readonly scheme: 'bearer'; readonly token: string }
  | { readonly kind: 'token'; readonly scheme: 'basic'; readonly token: string; readonly password: string }

const none: Credentials = Object.freeze({ kind: 'none' })
const foreign: Credentials = Object.freeze({ kind: 'foreign' })
const several: Credentials = Object.freeze({ kind: 'several' })

const ours = /^(bearer|basic)(?: +|$)/i
const oursAfterComma = /,\s*(?:bearer|basic)(?:[\s,]|$)/i

/**
 * Reads every Authorization line of a request; several lines count as one with commas between, as frameworks join them.
 * The scheme is taken in any case. The token is a text still to be verified: it is never empty, and nothing else is known
 * of it. Basic carries it as the user name; guards ignore the password.
 */
export function readAuthorization(lines: readonly string[]): Credentials {
  if (lines.length === 0) return none
  const value = lines.length === 1 ? (lines[0] as string) : lines.join(',')
  if (value.slice(0, plainBearer.length) === plainBearer && value[plainBearer.length] !== ' ') {
    return value.includes(',') ? several : readBearer(value.slice(plainBearer.length))
  }
  const match = ours.exec(value)
  if (!match) return oursAfterComma.test(value) ? several : foreign
  if (value.includes(',')) return several
  const text = value.slice(match[0].length)
  // The pattern knows two words, and only one of them is five characters long.
  if ((match[1] as string).length !== 5) return readBearer(text)
  return readBasic(text)
}

/** As nearly every client writes it: quicker seen than by a pattern. */
const plainBearer = 'Bearer '

/** Whether a line that was read as this token is written as nearly every client writes it. */
export function isPlainBearer(line: string, token: string): boolean {
  return line.length === plainBearer.length + token.length && line.startsWith(plainBearer)
}

function readBearer(token: string): Credentials {
  if (token === '') return malformed('bearer', 'Bearer must be followed by a token')
  return { kind: 'token', scheme: 'bearer', token }
}

function readBasic(text: string): Credentials {
  const bytes = Buffer.from(text, 'base64')
  // Node decodes leniently; only the canonical text is what its bytes are written as.
  if (text === '' || bytes.toString('base64') !== text) {
    return malformed('basic', 'Basic must be followed by canonical base64 with its padding')
  }
  const pair = decodeUtf8(bytes)
  if (pair === undefined) return malformed('basic', 'Basic must hold UTF-8')
  if (hasControls(pair)) return malformed('basic', 'Basic must not hold control characters')
  const colon = pair.indexOf(':')
  if (colon < 0) return malformed('basic', 'Basic must hold the token and a colon after it')
  if (colon === 0) return malformed('basic', 'Basic must hold the token before the colon')
  return { kind: 'token', scheme: 'basic', token: pair.slice(0, colon), password: pair.slice(colon + 1) }
}

/** RFC 7617 section 2: neither user name nor password may hold control characters. */
function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code === 0x7f) return true
  }
  return false
}

function malformed(scheme: 'basic' | 'bearer', reason: string): Credentials {
  return { kind: 'malformed', scheme, reason }
}
