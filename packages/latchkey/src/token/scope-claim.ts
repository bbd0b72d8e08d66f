/**
 * How scopes are written, and the claim that lists them (RFC 6749 section 3.3, RFC 9068 section 2.2.3): `resource:action` or
 * `resource:action:any`; `*` stands for exactly one part, `!` before an entry forbids.
 */

import { remember } from './remember.js'

const part = '(?:\\*|[A-Za-z0-9_.-]+)'
const pattern = new RegExp(`^${part}:${part}(?::any)?$`)
const entry = `!?${part}:${part}(?::any)?`
const claimOfEntries = new RegExp(`^${entry}(?: ${entry})*$`)
const maxLength = 128

/** Whether `text` is one scope or a pattern of scopes, such as `order:*`. */
export function isScopePattern(text: unknown): text is string {
  return typeof text === 'string' && text.length <= maxLength && pattern.test(text)
}

/** Whether `text` may stand in a token's list: a pattern, allowed or forbidden. */
export function isScopeEntry(text: unknown): text is string {
  return isScopePattern(text) || (typeof text === 'string' && text.startsWith('!') && isScopePattern(text.slice(1)))
}

/** Reads the claim: entries with one space between them. Undefined when it is not written so. */
export const readScopeClaim = remember((claim: string): readonly string[] | undefined => {
  if (claim === '') return Object.freeze([])
  if (!claimOfEntries.test(claim)) return undefined
  const list = claim.split(' ')
  return claim.length <= maxLength || list.every(isScopeEntry) ? Object.freeze(list) : undefined
})
