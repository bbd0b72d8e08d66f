/** Yes or no: whether a list of scopes allows one. Pure functions on texts; `token/scope-claim.ts` says how they are written. */
import { isScopePattern } from '../token/scope-claim.js'

/** Whether `text` is one exact scope, such as `order:read`. */
export function isScope(text: unknown): text is string {
  return isScopePattern(text) && !text.includes('*')
}

/** Whether the list allows the scope. Forbidden wins, whatever the order; what is not allowed is refused. */
export function allowsScope(list: readonly string[], scope: string): boolean {
  let allowed = false
  for (const entry of list) {
    if (entry.charCodeAt(0) === 0x21) {
      if (covers(entry.slice(1), scope)) return false
    } else if (!allowed) {
      allowed = covers(entry, scope)
    }
  }
  return allowed
}

/** Whether the pattern covers the scope: equal part by part, with the same number of parts. */
export function covers(scopePattern: string, scope: string): boolean {
  return scopePattern === scope || (scopePattern.includes('*') && intersect(scopePattern, scope) === scope)
}

/** The pattern of what both patterns cover; undefined when they have nothing in common. */
export function intersect(a: string, b: string): string | undefined {
  const left = a.split(':')
  const right = b.split(':')
  if (left.length !== right.length) return undefined
  const common: string[] = []
  for (let i = 0; i < left.length; i++) {
    const [one, other] = [left[i] as string, right[i] as string]
    if (one !== other && one !== '*' && other !== '*') return undefined
    common.push(one === '*' ? other : one)
  }
  return common.join(':')
}
