import { describe, expect, it } from 'vitest'
import { defineRoles, type RoleDefinition } from './define-roles.js'
import { allowsScope } from './scope.js'

const scopes = ['order:read', 'order:cancel', 'order:read:any', 'user:read', 'user:delete:any']

describe('scopes', () => {
  it.each([
    [['order:read'], 'order:read', true],
    [['order:*'], 'order:cancel', true],
    [['*:read'], 'order:read', true],
    [['*:*'], 'order:cancel', true],
    [['order:*'], 'order:read:any', false],
    [['*:*'], 'order:read:any', false],
    [['*:*:any'], 'order:read:any', true],
    [['*:*:any'], 'order:read', false],
    [['order:rea'], 'order:read', false],
    [['order:read', '!order:*'], 'order:read', false],
    [['!order:read', 'order:*'], 'order:read', false],
    [['!order:read', 'order:*'], 'order:cancel', true],
    [[], 'order:read', false],
    [['!user:read'], 'order:read', false],
  ])('%j for %s: %s', (list, scope, allowed) => {
    expect(allowsScope(list, scope)).toBe(allowed)
  })
})

describe('roles', () => {
  const roles = defineRoles({
    scopes,
    roles: {
      guest: { allow: ['order:read'] },
      user: { extends: ['guest'], allow: ['user:*'], forbid: ['user:delete:any'] },
      clerk: { extends: ['user'], allow: ['order:*', 'user:delete:any'], forbid: ['order:cancel'] },
      admin: { allow: ['*:*', '*:*:any'] },
      both: { extends: ['admin', 'user'] },
      nobody: {},
    },
  })

  it('add up what they extend, forbidden ones too', () => {
    expect(roles.grant('guest')).toEqual(['order:read'])
    expect(roles.grant('user')).toEqual(['order:read', 'user:*'])
    expect(roles.grant('clerk')).toEqual([
      ...['order:read', 'user:*', 'order:*', 'user:delete:any'],
      ...['!user:delete:any', '!order:cancel'],
    ])
    expect(roles.grant('both')).toEqual(['*:*', '*:*:any', 'order:read', 'user:*', '!user:delete:any'])
    expect(roles.grant('nobody')).toEqual([])
  })

  it('are cut to what is asked for, never widened', () => {
    expect(roles.grant('admin', ['order:read'])).toEqual(['order:read'])
    expect(roles.grant('admin', ['*:*'])).toEqual(['*:*'])
    expect(roles.grant('clerk', ['*:*'])).toEqual(['order:read', 'user:*', 'order:*', '!order:cancel'])
    expect(roles.grant('user', ['*:read'])).toEqual(['order:read', 'user:read'])
    expect(roles.grant('guest', ['user:read'])).toEqual([])
    expect(roles.grant('guest', [])).toEqual([])
    expect(() => roles.grant('guest', ['!order:read'])).toThrow(/A requested scope is resource:action/)
  })

  it('give the same answer each time, whatever the caller does with the definition or the answer', () => {
    const definition = {
      scopes: [...scopes],
      roles: { a: { allow: ['order:read'] }, b: { extends: ['a'], allow: ['user:read'] } },
    }
    const defined = defineRoles(definition)
    definition.roles.a.allow.push('user:delete:any')
    definition.scopes.length = 0
    for (let i = 0; i < 3; i++) expect(defined.grant('b')).toEqual(['order:read', 'user:read'])
    expect(() => (defined.grant('b') as string[]).push('order:cancel')).toThrow(TypeError)
    expect(defined.scopes).toEqual(scopes)
  })

  it.each([
    [{ a: { extends: ['a'] } }, /circle: a -> a/],
    [{ a: { extends: ['b'] }, b: { extends: ['c'] }, c: { extends: ['a'] } }, /circle: a -> b -> c -> a/],
    [{ a: { extends: ['nobody'] } }, /Role "a" extends "nobody", which is not defined/],
    [{ a: { allow: ['order:raed'] } }, /covers none/],
    [{ a: { forbid: ['order'] } }, /no scope pattern/],
    [{ a: { alow: ['order:read'] } }, /Role "a" has no "alow"; there are allow, forbid, extends/],
    [{ a: { extends: ['b'] }, b: { extends: ['nobody'] } }, /Role "b" extends "nobody"/],
  ])('are not defined as %j', (definitions, message) => {
    expect(() => defineRoles({ scopes, roles: definitions as Record<string, RoleDefinition> })).toThrow(message)
  })

  it.each([
    [['order'], /"order" is no scope: write resource:action/],
    [['order:*'], /no scope/],
    [['a:b:c'], /no scope/],
    [['a:b', 'a:b'], /listed once/],
    [['a b:c'], /no scope/],
    [[7], /"7" is no scope/],
    [undefined, /the list of all scopes/],
    ['a:b', /the list of all scopes/],
  ])('have no scopes %j', (list, message) => {
    expect(() => defineRoles({ scopes: list as string[], roles: {} })).toThrow(message)
  })

  it('are defined by an object of two members', () => {
    const wrong = { scopes, role: {} } as unknown as Parameters<typeof defineRoles>[0]
    expect(() => defineRoles(wrong)).toThrow('defineRoles has no "role"; there are scopes, roles')
    expect(() => defineRoles([] as unknown as typeof wrong)).toThrow('defineRoles needs an object')
  })

  it('are listed by name, in the order of their definition', () => {
    expect(roles.names).toEqual(['guest', 'user', 'clerk', 'admin', 'both', 'nobody'])
    expect(Object.isFrozen(roles.names)).toBe(true)
  })

  it('are not found under names that every object has', () => {
    expect(roles.has('constructor')).toBe(false)
    expect(() => roles.grant('__proto__')).toThrow(/no role/)
    expect(() => defineRoles({ scopes, roles: { a: { extends: ['toString'] } } })).toThrow(/not defined/)
  })
})
