/**
 * How scopes are written, and the claim that lists them (RFC 6749 section 3.3, RFC 9068 section 2.2.3): `resource:action` or
 * `resource:action:any`; `*` stands for exactly one part, `!` before an entry forbids.
 */

const part = '(?:\\*|[A-Za-z0-9_.-]+)'
const pattern = new RegExp(`^${part}:${part}(?::any)?$`)
const maxLength = 128

/** Whether `text` is one scope or a pattern of scopes, such as `order:*`. */
export function isScopePattern(text: unknown): text is string {
  return typeof text === 'string' && text.length <= maxLength && pattern.test(text)
}

/** Whether `text` may stand in a token's list: a pattern, allowed or forbidden. */
export function isScopeEntry(text: unknown): text is string {
  return isScopePattern(text) || (typeof text === 'string' && text.startsWith('!') && isScopePattern(text.slice(1)))
}

/** Lists that were read: most users of an application have one of a few. Only signed claims get here. */
const known = new Map<string, readonly string[]>()
const maxKnown = 1000
const maxKnownLength = 256

/** Reads the claim: entries with one space between them. Undefined when it is not written so. */
export function readScopeClaim(claim: string): readonly string[] | undefined {
  const before = known.get(claim)
  if (before) return before
  const list = claim === '' ? [] : claim.split(' ')
  if (!list.every(isScopeEntry)) return undefined
  Object.freeze(list)
  if (claim.length <= maxKnownLength) {
    if (known.size >= maxKnown) known.clear()
    known.set(list.join(' '), list)
  }
  return list
}
