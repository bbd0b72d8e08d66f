/** What a token with few scopes must be refused. */
import type { Operation } from './operation.js'
import { readShownJwt } from './shown-token.js'

/** The scopes that a token says it has; undefined when it says nothing of them. */
export function scopesOf(token: string): readonly string[] | undefined {
  const claims = readShownJwt(token)?.claims
  const found = claims?.scope ?? claims?.scp ?? claims?.permissions
  if (typeof found === 'string') return found.split(' ').filter((scope) => scope !== '')
  return Array.isArray(found) ? found.map(String) : undefined
}

/** Whether each way into the operation asks for a scope that is not among them. */
export function isTooNarrow(scopes: readonly string[], { scopes: ways }: Operation): boolean {
  return ways.length > 0 && ways.every((asked) => asked.some((scope) => !covers(scopes, scope)))
}

/** Latchkey's tokens also hold patterns, with `*` for one part, and with `!` what is forbidden. */
function covers(scopes: readonly string[], asked: string): boolean {
  if (scopes.some((scope) => scope.startsWith('!') && matches(scope.slice(1), asked))) return false
  return scopes.some((scope) => matches(scope, asked))
}

function matches(pattern: string, scope: string): boolean {
  const [left, right] = [pattern.split(':'), scope.split(':')]
  return left.length === right.length && left.every((part, index) => part === '*' || part === right[index])
}
