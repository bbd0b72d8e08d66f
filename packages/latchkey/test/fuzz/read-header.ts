/** A second reading of Authorization lines, written plainly. */
export interface PlainCredentials {
  readonly kind: 'none' | 'foreign' | 'several' | 'malformed' | 'token'
  readonly scheme: 'bearer' | 'basic' | undefined
  readonly token: string | undefined
}

export function readHeaderPlainly(lines: readonly string[]): PlainCredentials {
  const answer = (kind: PlainCredentials['kind'], scheme?: 'bearer' | 'basic', token?: string): PlainCredentials => ({
    ...{ kind, scheme, token },
  })
  if (lines.length === 0) return answer('none')
  const value = lines.join(',')
  const [word = ''] = value.split(' ')
  const scheme = word.toLowerCase()
  if (scheme !== 'bearer' && scheme !== 'basic') {
    const others = value.split(',').slice(1)
    return answer(others.some((other) => /^\s*(?:bearer|basic)(?:\s|$)/i.test(other)) ? 'several' : 'foreign')
  }
  if (value.includes(',')) return answer('several')
  const rest = value.slice(word.length).replace(/^ +/, '')
  if (scheme === 'bearer') return rest === '' ? answer('malformed', scheme) : answer('token', scheme, rest)
  const pair = readBasicPlainly(rest)
  return pair === undefined ? answer('malformed', scheme) : answer('token', scheme, pair.name)
}

/** Undefined where there is no user name that could be a token. */
export function readBasicPlainly(text: string): { readonly name: string; readonly password: string } | undefined {
  const bytes = Buffer.from(text, 'base64')
  const pair = bytes.toString()
  const isCanonical = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
  if (!isCanonical || bytes.toString('base64') !== text || !Buffer.from(pair).equals(bytes)) return undefined
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(pair)) return undefined
  const at = pair.indexOf(':')
  return at > 0 ? { name: pair.slice(0, at), password: pair.slice(at + 1) } : undefined
}
