/**
 * JSON that every parser reads alike (RFC 8259, RFC 7493): no repeated keys, no lone surrogates, no number beyond a double,
 * no `__proto__`, nesting bounded.
 */

export type JsonObject = Readonly<Record<string, unknown>>

export type StrictJson =
  | { readonly value: unknown; readonly reason?: undefined }
  | { readonly reason: string; readonly field: string }

const maxDepth = 32
const loneSurrogate = /\p{Surrogate}/u

/** Parses `text`. What is refused names the top-level member it was found in, or `body`. */
export function readStrictJson(text: string): StrictJson {
  if (text.charCodeAt(0) === 0xfeff) return { field: 'body', reason: 'must not begin with a byte order mark' }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { field: 'body', reason: 'must be valid JSON' }
  }
  return isPlain(text, value) ? { value } : (scan(text) ?? { value })
}

/**
 * Whether there is nothing to look for: ASCII without escapes, of which JSON.parse dropped nothing. It drops what a repeated key
 * stood for, and then `value` has fewer quotes than the text.
 */
function isPlain(text: string, value: unknown): boolean {
  let quotes = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x22) quotes++
    else if (code === 0x5c || code > 0x7e) return false
  }
  return quotes === quotesOf(value, 0)
}

/** How many quotes the shortest text of it has; NaN where it is not what strict JSON holds. */
function quotesOf(value: unknown, depth: number): number {
  if (typeof value === 'string') return 2
  if (typeof value === 'number') return Number.isFinite(value) ? 0 : Number.NaN
  if (typeof value !== 'object' || value === null) return 0
  if (depth === maxDepth) return Number.NaN
  let quotes = 0
  if (Array.isArray(value)) {
    for (const one of value) quotes += quotesOf(one, depth + 1)
    return quotes
  }
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return Number.NaN
    quotes += 2 + quotesOf((value as JsonObject)[key], depth + 1)
  }
  return quotes
}

interface Level {
  /** Keys seen so far; undefined in an array. */
  readonly keys: Set<string> | undefined
  expectsKey: boolean
}

/** Looks for what JSON.parse lets pass. The text is known to be JSON, so the scan only finds its strings, numbers and brackets. */
function scan(text: string): StrictJson | undefined {
  const levels: Level[] = []
  let level: Level | undefined
  let field = 'body'
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i)
    if (code === 0x22) {
      const end = endOfString(text, i)
      const raw = text.slice(i + 1, end)
      const string: string = raw.includes('\\') ? JSON.parse(`"${raw}"`) : raw
      if (level?.expectsKey) {
        const keys = level.keys as Set<string>
        const name = printable(string)
        if (levels.length === 1) field = name
        if (string === '__proto__') return { field: name, reason: 'must not be sent' }
        if (keys.has(string))
          return { field, reason: levels.length === 1 ? 'must not be repeated' : 'must not hold a repeated key' }
        keys.add(string)
        level.expectsKey = false
      }
      // As written too: a lone half and an escape behind it would make a pair that no UTF-8 holds.
      if (loneSurrogate.test(string) || (string !== raw && loneSurrogate.test(raw))) {
        return { field, reason: 'must be well-formed Unicode' }
      }
      i = end + 1
      continue
    }
    if (code === 0x7b || code === 0x5b) {
      if (levels.length === maxDepth) return { field, reason: `must not be nested deeper than ${maxDepth} levels` }
      level = code === 0x7b ? { keys: new Set(), expectsKey: true } : { keys: undefined, expectsKey: false }
      levels.push(level)
    } else if (code === 0x7d || code === 0x5d) {
      levels.pop()
      level = levels.at(-1)
    } else if (code === 0x2c) {
      if (level?.keys) level.expectsKey = true
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = endOfNumber(text, i)
      if (!Number.isFinite(Number(text.slice(i, end)))) return { field, reason: 'must be a number that fits a double' }
      i = end
      continue
    }
    i++
  }
  return undefined
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end
}

function isEscaped(text: string, position: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(position - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}

const numberPart = /[-+.0-9eE]*/y

function endOfNumber(text: string, start: number): number {
  numberPart.lastIndex = start
  numberPart.test(text)
  return numberPart.lastIndex
}

/** A key as it may stand in an answer: what the client sent, shortened, with anything unprintable left out. */
function printable(key: string): string {
  return key.replace(/[^\x20-\x7e]/g, '?').slice(0, 64) || 'body'
}
