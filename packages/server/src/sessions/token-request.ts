import { LatchkeyError, type Roles } from 'latchkey'

const maxScopeLength = 1024
const maxAudiences = 32

/** What a token of `role` may do, cut to `scope` as asked for (scopes with one space between; undefined: all). */
export function grantScopes(roles: Roles, role: string, scope: string | undefined): readonly string[] {
  const asked = scope === undefined ? undefined : readScope(scope)
  // A role that the configuration no longer has grants nothing.
  if (!roles.has(role)) return []
  try {
    return roles.grant(role, asked)
  } catch (error) {
    if (error instanceof TypeError) throw badScope(error)
    throw error
  }
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

function readScope(scope: string): readonly string[] {
  if (scope === '' || scope.length > maxScopeLength) throw badScope()
  return scope.split(' ')
}

function badScope(cause?: unknown): LatchkeyError {
  const reason = `must be scopes such as user:read with one space between, ${maxScopeLength} characters at most`
  return new LatchkeyError('parameter_invalid', { msg: { scope: [reason] }, cause })
}
