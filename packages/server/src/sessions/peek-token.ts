/**
 * What a text says if it is a token, before anything of it is verified: to look a name up, or to compare it with itself, and
 * never to decide by. Empty objects for any other text.
 */
export function peekToken(text: string): {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
} {
  const [header, claims] = text.split('.').map(readObject)
  return { header: header ?? {}, claims: claims ?? {} }
}

function readObject(part: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(Buffer.from(part, 'base64url').toString()))
  } catch {
    // Whoever verifies it says what is wrong.
    return {}
  }
}
