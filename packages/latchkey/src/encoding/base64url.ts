/** Base64url without padding, in its one canonical form (RFC 4648 sections 3.5 and 5, RFC 7515 section 2). */

const invalid = 64
const values = new Uint8Array(128).fill(invalid)
for (const [value, character] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].entries()) {
  values[character.charCodeAt(0)] = value
}

/**
 * Tells whether `text.slice(start, end)` is canonical base64url: only the alphabet, no padding, unused bits zero.
 * The empty text is canonical.
 */
export function isBase64url(text: string, start = 0, end = text.length): boolean {
  let value = 0
  let codes = 0
  let seen = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    codes |= code
    value = values[code & 127] as number
    seen |= value
  }
  if (codes > 127 || seen >= invalid) return false
  switch ((end - start) & 3) {
    case 0:
      return true
    case 2:
      return (value & 15) === 0
    case 3:
      return (value & 3) === 0
    default:
      return false
  }
}

/** The bytes of a canonical base64url text; undefined for any other text. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url')
  // The decoder takes much that is not canonical, and none of it is what would be written.
  return bytes.toString('base64url') === text ? bytes : undefined
}

const scratch = Buffer.alloc(8192)

/** The same bytes as a text of characters below 256 (ISO 8859-1), which is quicker; undefined beyond 8,192 characters too. */
export function decodeBase64urlText(text: string): string | undefined {
  if (text.length > scratch.length) return undefined
  const length = scratch.write(text, 0, 'base64url')
  return scratch.toString('base64url', 0, length) === text ? scratch.toString('latin1', 0, length) : undefined
}

export function encodeBase64url(bytes: Uint8Array | string): string {
  const buffer =
    typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return buffer.toString('base64url')
}
