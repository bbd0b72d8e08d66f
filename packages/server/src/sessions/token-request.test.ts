import { defineRoles, type LatchkeyError } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { grantAudience, grantScopes, mayDo, scopeReasons } from './token-request.js'

const refusal = (work: () => unknown) => {
  try {
    return work()
  } catch (error) {
    const { code, msg } = error as LatchkeyError
    return { code, msg }
  }
}

const unfit = 'must be scopes such as user:read with one space between, 1024 characters at most'
const longest = `${'a:b '.repeat(255)}aa:b`

describe('the scope of a request', () => {
  it.each(['', ' ', 'user:read  user:write', 'user', 'user:read\n'])('is not %j', (scope) => {
    expect(scopeReasons(scope)).toEqual([unfit])
  })

  it('is not one of 1,025 characters', () => {
    expect(scopeReasons(`${longest}b`)).toEqual([unfit])
  })

  it('is none, one or many, of 1,024 characters at most', () => {
    expect(longest).toHaveLength(1024)
    for (const scope of [undefined, 'user:read', 'user:read *:*:any', longest]) {
      expect([scope, scopeReasons(scope)]).toEqual([scope, []])
    }
  })
})

describe('what is granted', () => {
  // Each of its patterns can be cut by each of a request.
  const names = Array.from({ length: 100 }, (_, i) => `resource-${i}`)
  const roles = defineRoles({
    scopes: ['user:read', 'user:write', 'secret:read', ...names.map((name) => `${name}:read`)],
    roles: {
      reader: { allow: ['user:read', 'user:write'] },
      many: { allow: names.map((name) => `${name}:*`) },
      all: { allow: ['*:*'], forbid: ['secret:read'] },
    },
  })

  it('is of the role, cut to each that was asked; nothing of a role that is no more', () => {
    expect(grantScopes(roles, 'reader')).toEqual(['user:read', 'user:write'])
    expect(grantScopes(roles, 'reader', undefined, 'user:read')).toEqual(['user:read'])
    expect(grantScopes(roles, 'reader', 'user:read', 'user:write')).toEqual([])
    expect(grantScopes(roles, 'gone')).toEqual([])
    expect(grantScopes(roles, 'gone', '*:*')).toEqual([])
  })

  it('comes to 1,024 characters at most, or to what the role lists itself', () => {
    expect(
      grantScopes(
        roles,
        'many',
        names
          .slice(0, 10)
          .map((name) => `${name}:read`)
          .join(' '),
      ),
    ).toHaveLength(10)
    const own = grantScopes(roles, 'many', '*:*')
    expect([own.length, own.join(' ').length > 1024]).toEqual([100, true])
    expect(refusal(() => grantScopes(roles, 'many', '*:read *:write *:list *:make *:drop'))).toEqual({
      code: 'parameter_invalid',
      msg: { scope: ['must come to at most 1024 characters with the patterns of the role'] },
    })
  })

  it('says of one scope whether it may be done', () => {
    expect(mayDo(roles, 'reader', undefined, 'user:read')).toBe(true)
    expect(mayDo(roles, 'reader', 'user:write', 'user:read')).toBe(false)
    expect(mayDo(roles, 'all', undefined, 'user:read')).toBe(true)
    expect(mayDo(roles, 'all', undefined, 'secret:read')).toBe(false)
    expect(mayDo(roles, 'gone', undefined, 'user:read')).toBe(false)
  })
})

describe('the audience', () => {
  const own = ['https://id.example', 'orders', 'billing']

  it('is all of the server’s, or those that were asked for, each once', () => {
    expect(grantAudience(own, undefined)).toEqual(own)
    expect(grantAudience(own, ['orders', 'billing', 'orders'])).toEqual(['orders', 'billing'])
  })

  it.each([[[]], [['nobody']], [['orders', 'nobody']]])('is not %j', (asked) => {
    expect(refusal(() => grantAudience(own, asked))).toEqual({
      code: 'parameter_invalid',
      msg: { audience: ['must be one or more of the configured audiences'] },
    })
  })

  it('is one of 32 at most', () => {
    const many = Array.from({ length: 33 }, (_, i) => `service-${i}`)
    expect(grantAudience(many, many.slice(1))).toHaveLength(32)
    expect(refusal(() => grantAudience(many, many))).toMatchObject({ code: 'parameter_invalid' })
  })
})
