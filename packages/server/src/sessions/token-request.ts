import { LatchkeyError, type Roles } from 'latchkey'
import { isScopePattern } from 'latchkey/token'

/** Of a request, and of what it may come to: patterns of the role and of the request can make more together. */
export const maxScopeLength = 1024
const maxAudiences = 32

/** Why `scope` cannot be what a request asks for; undefined asks for all. */
export function scopeReasons(scope: string | undefined): string[] {
  if (scope === undefined) return []
  const right = scope.length <= maxScopeLength && scope.split(' ').every(isScopePattern)
  return right ? [] : [`must be scopes such as user:read with one space between, ${maxScopeLength} characters at most`]
}

/**
 * What a token of `role` may do, cut to each of `asked` (lists without faults, undefined: all of it).
 * @throws LatchkeyError `parameter_invalid` when it comes to more than 1,024 characters that the role does not list itself.
 */
export function grantScopes(roles: Roles, role: string, ...asked: (string | undefined)[]): readonly string[] {
  // A role that the configuration no longer has grants nothing.
  if (!roles.has(role)) return []
  const lists = asked.filter((list) => list !== undefined).map((list) => list.split(' '))
  const granted = roles.grant(role, ...lists)
  if (lists.length === 0 || lengthOf(granted) <= Math.max(maxScopeLength, lengthOf(roles.grant(role)))) return granted
  const reason = `must come to at most ${maxScopeLength} characters with the patterns of the role`
  throw new LatchkeyError('parameter_invalid', { msg: { scope: [reason] } })
}

/** Whether `role`, cut to `asked` (undefined: all of it), may do what one exact scope names. */
export function mayDo(roles: Roles, role: string, asked: string | undefined, scope: string): boolean {
  const granted = grantScopes(roles, role, asked, scope)
  return granted.length > 0 && !granted.some((entry) => entry.startsWith('!'))
}

/** The audiences of a token: all of the server's, or those asked for, each of which must be one of them. */
export function grantAudience(own: readonly string[], asked: readonly string[] | undefined): readonly string[] {
  if (asked === undefined) return own
  const distinct = [...new Set(asked)]
  if (distinct.length === 0 || distinct.length > maxAudiences || !distinct.every((one) => own.includes(one))) {
    throw new LatchkeyError('parameter_invalid', {
      msg: { audience: ['must be one or more of the configured audiences'] },
    })
  }
  return distinct
}

function lengthOf(scopes: readonly string[]): number {
  return scopes.join(' ').length
}
