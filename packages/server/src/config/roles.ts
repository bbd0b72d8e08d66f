import { defineRoles, type Roles } from 'latchkey'

/** The scopes of the server's own routes. */
export type BuiltInScope =
  | 'user:read'
  | 'user:write'
  | 'user:read:any'
  | 'user:delete:any'
  | 'session:read:any'
  | 'session:delete:any'
  | 'audit:read:any'
  | 'token:introspect'
  | 'revocation:read'

const builtIn: Roles<BuiltInScope> = defineRoles({
  scopes: [
    ...(['user:read', 'user:write', 'user:read:any', 'user:delete:any'] as const),
    ...(['session:read:any', 'session:delete:any'] as const),
    ...(['audit:read:any', 'token:introspect', 'revocation:read'] as const),
  ],
  roles: {
    user: { allow: ['user:read', 'user:write'] },
    admin: { allow: ['*:*', '*:*:any'] },
  },
})

/**
 * The given roles and those of the two built-in ones, `user` and `admin`, that they do not define themselves. What is
 * registered gets the role `user`.
 */
export function withBuiltInRoles(given?: Roles): Roles {
  if (given === undefined) return builtIn
  return Object.freeze({
    scopes: Object.freeze([...new Set([...given.scopes, ...builtIn.scopes])]),
    names: Object.freeze([...new Set([...given.names, ...builtIn.names])]),
    has: (role: string) => given.has(role) || builtIn.has(role),
    grant: (role: string, ...requested: readonly (readonly string[])[]) =>
      given.has(role) ? given.grant(role, ...requested) : builtIn.grant(role, ...requested),
  })
}
