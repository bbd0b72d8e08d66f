/** The good token in parts, and how a shell writes each without showing it. */

export interface TokenPart {
  readonly text: string
  /** For use between double quotes, after `TOKEN=...`. */
  readonly shell: string
}

export interface ShownJwt {
  readonly header: TokenPart
  readonly payload: TokenPart
  readonly signature: TokenPart
  readonly headerMembers: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Undefined for what is no signed JWT. Verifies nothing. */
export function readShownJwt(token: string): ShownJwt | undefined {
  const parts = token.split('.')
  const [header, payload, signature] = parts
  if (parts.length !== 3 || !header || !payload || !signature) return undefined
  const headerMembers = readObject(header)
  const claims = readObject(payload)
  if (headerMembers === undefined || claims === undefined) return undefined
  return {
    header: { text: header, shell: cutToken('%%.*') },
    payload: { text: payload, shell: '$(echo "$TOKEN" | cut -d. -f2)' },
    signature: { text: signature, shell: cutToken('##*.') },
    headerMembers,
    claims,
  }
}

function readObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** A parameter expansion of the shell: the token without what the pattern matches. */
export function cutToken(pattern: string): string {
  return `\${TOKEN${pattern}}`
}

/** A part that is not secret. */
export function plain(text: string): TokenPart {
  return { text, shell: text }
}

export function encodeJson(value: object): TokenPart {
  return plain(Buffer.from(JSON.stringify(value)).toString('base64url'))
}

export function joinParts(header: TokenPart, payload: TokenPart, signature: TokenPart): TokenPart {
  const parts = [header, payload, signature]
  return { text: parts.map(({ text }) => text).join('.'), shell: parts.map(({ shell }) => shell).join('.') }
}
