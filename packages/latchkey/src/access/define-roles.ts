/** Roles: named lists of allowed and forbidden scopes that may extend each other. */
import { checkOptionNames } from '../options.js'
import { isScopePattern } from '../token/scope-claim.js'
import { covers, intersect, isScope } from './scope.js'

export interface RoleDefinition {
  /** Scopes or patterns this role allows. */
  readonly allow?: readonly string[]
  /** Scopes or patterns this role forbids; forbidden wins over every allowed one, inherited or not. */
  readonly forbid?: readonly string[]
  /** Roles whose lists, both of them, are added to this one's. */
  readonly extends?: readonly string[]
}

/** What `defineRoles` makes; frozen, and nothing of it is shared with the definition. */
export interface Roles<Scope extends string = string> {
  /** Every scope there is, as listed. */
  readonly scopes: readonly Scope[]
  readonly names: readonly string[]
  has(role: string): boolean
  /**
   * What a token of this role carries: the allowed patterns, then each forbidden one with `!` before it. Each list of
   * `requested` cuts the allowed ones to what both cover; it never widens them, and the result may be empty.
   * @throws TypeError for a role that is not defined or a requested text that is no scope pattern.
   */
  grant(role: string, ...requested: readonly (readonly string[])[]): readonly string[]
}

interface Lists {
  readonly allow: ReadonlySet<string>
  readonly forbid: ReadonlySet<string>
}

/**
 * Defines roles and checks them against the listed scopes, so that a misspelt scope is found here and not by a user.
 *
 *     defineRoles({
 *       scopes: ['order:read', 'order:cancel'],
 *       roles: { user: { allow: ['order:*'], forbid: ['order:cancel'] }, clerk: { extends: ['user'] } },
 *     })
 *
 * @throws TypeError for a scope that is no `resource:action` or `resource:action:any`, a pattern that covers no listed scope, an
 * unknown role or member, or roles that extend each other in a circle.
 */
export function defineRoles<const Scope extends string>(definition: {
  readonly scopes: readonly Scope[]
  readonly roles: Readonly<Record<string, RoleDefinition>>
}): Roles<Scope> {
  checkOptionNames('defineRoles', definition, ['scopes', 'roles'])
  const scopes = readScopes(definition.scopes)
  const definitions = new Map(Object.entries(definition.roles))
  for (const [name, role] of definitions) checkRole(name, role, scopes)
  const resolved = new Map<string, Lists>()
  for (const name of definitions.keys()) resolve(name, definitions, resolved, [])
  return Object.freeze({
    scopes,
    names: Object.freeze([...resolved.keys()]),
    has: (role: string) => resolved.has(role),
    grant(role: string, ...requested: readonly (readonly string[])[]) {
      const lists = resolved.get(role)
      if (!lists) throw new TypeError(`There is no role "${role}"`)
      const allowed = requested.reduce<readonly string[]>(cut, [...lists.allow])
      const forbidden = [...lists.forbid].filter((entry) => allowed.some((one) => intersect(one, entry) !== undefined))
      return Object.freeze([...allowed, ...forbidden.map((entry) => `!${entry}`)])
    },
  })
}

function readScopes<Scope extends string>(scopes: readonly Scope[]): readonly Scope[] {
  if (!Array.isArray(scopes)) throw new TypeError('defineRoles needs "scopes", the list of all scopes')
  for (const scope of scopes) {
    if (!isScope(scope)) throw new TypeError(`"${scope}" is no scope: write resource:action or resource:action:any`)
  }
  if (new Set(scopes).size !== scopes.length) throw new TypeError('A scope must be listed once')
  return Object.freeze([...scopes])
}

function checkRole(name: string, role: RoleDefinition, scopes: readonly string[]): void {
  checkOptionNames(`Role "${name}"`, role, ['allow', 'forbid', 'extends'])
  for (const entry of [...(role.allow ?? []), ...(role.forbid ?? [])]) {
    if (!isScopePattern(entry)) throw new TypeError(`Role "${name}": "${entry}" is no scope pattern`)
    if (!scopes.some((scope) => covers(entry, scope))) {
      throw new TypeError(`Role "${name}": "${entry}" covers none of the listed scopes`)
    }
  }
}

function resolve(
  name: string,
  definitions: ReadonlyMap<string, RoleDefinition>,
  resolved: Map<string, Lists>,
  path: readonly string[],
): Lists {
  const known = resolved.get(name)
  if (known) return known
  const role = definitions.get(name)
  if (!role) throw new TypeError(`Role "${path.at(-1)}" extends "${name}", which is not defined`)
  if (path.includes(name)) throw new TypeError(`Roles extend each other in a circle: ${[...path, name].join(' -> ')}`)
  const parents = (role.extends ?? []).map((parent) => resolve(parent, definitions, resolved, [...path, name]))
  const lists = {
    allow: new Set([...parents.flatMap((parent) => [...parent.allow]), ...(role.allow ?? [])]),
    forbid: new Set([...parents.flatMap((parent) => [...parent.forbid]), ...(role.forbid ?? [])]),
  }
  resolved.set(name, lists)
  return lists
}

function cut(allowed: readonly string[], requested: readonly string[]): string[] {
  for (const entry of requested) {
    if (!isScopePattern(entry)) throw new TypeError('A requested scope is resource:action or resource:action:any')
  }
  const common = new Set<string>()
  for (const one of allowed) {
    for (const other of requested) {
      const both = intersect(one, other)
      if (both !== undefined) common.add(both)
    }
  }
  return [...common]
}
