import { describe, expect, it } from 'vitest'
import { readNeed } from './need.js'

const known = ['order:read', 'order:cancel', 'order:read:any']
const nothing = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }

describe('what a route needs', () => {
  it('is a user and no scope by default, by Bearer or Basic, however long ago the login was', () => {
    expect(readNeed([], known)).toEqual(nothing)
    expect(readNeed([{}], known)).toEqual(nothing)
    expect(Object.isFrozen(readNeed([], known))).toBe(true)
  })

  it('is told by scopes, or by one object of options', () => {
    expect(readNeed(['order:read', 'order:cancel'], known)).toEqual({
      ...nothing,
      scopes: ['order:read', 'order:cancel'],
    })
    const options = { scopes: ['order:read'], anyOf: ['order:cancel'], optional: true, basic: false, maxAgeSeconds: 0 }
    expect(readNeed([options], known)).toEqual(options)
    expect(readNeed([{ maxAgeSeconds: 2 ** 31 }], known).maxAgeSeconds).toBe(2 ** 31)
  })

  it('may be any exact scope where none are listed', () => {
    expect(readNeed(['a:b', 'a:b:any'], []).scopes).toEqual(['a:b', 'a:b:any'])
  })

  it('does not follow a list that is changed later', () => {
    const scopes = ['order:read']
    const need = readNeed([{ scopes }], known)
    scopes.push('order:cancel')
    expect(need.scopes).toEqual(['order:read'])
    expect(Object.isFrozen(need.scopes)).toBe(true)
  })

  const exact = 'A guard needs one exact scope, resource:action or resource:action:any, not'
  it.each([
    [['order'], `${exact} "order"`],
    [['order:*'], `${exact} "order:*"`],
    [['!order:read'], `${exact} "!order:read"`],
    [[7], `${exact} "7"`],
    [['order:raed'], 'The scope "order:raed" is not among those defined'],
    [[{ anyOf: ['user:read'] }], 'The scope "user:read" is not among those defined'],
    [[{ scopes: 'order:read' }], 'scopes must be a list of scopes'],
    [[{ anyOf: 'order:read' }], 'anyOf must be a list of scopes'],
    [[{}, 'order:read'], 'guard takes scopes or one object of options'],
    [[null], 'guard needs an object'],
    [[{ scope: [] }], 'guard has no "scope"; there are scopes, anyOf, optional, basic, maxAgeSeconds'],
    [[{ optional: 1 }], 'optional must be true or false'],
    [[{ basic: 'no' }], 'basic must be true or false'],
    [[{ maxAgeSeconds: -1 }], 'maxAgeSeconds must be a whole number from 0 to 2147483648'],
    [[{ maxAgeSeconds: 2 ** 31 + 1 }], 'maxAgeSeconds must be a whole number from 0 to 2147483648'],
  ])('is not told by %j', (words, message) => {
    const read = () => readNeed(words as unknown as Parameters<typeof readNeed>[0], known)
    expect(read).toThrow(TypeError)
    expect(read).toThrow(message)
  })
})
