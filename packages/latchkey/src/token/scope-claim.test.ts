import { describe, expect, it } from 'vitest'
import { isScopeEntry, isScopePattern, readScopeClaim } from './scope-claim.js'

const longest = `order:${'x'.repeat(122)}`

describe('a scope', () => {
  it.each(['order:read', '*:*', 'order:*:any', 'a.b-c_d:0', longest])('may be %s, and forbidden', (text) => {
    expect([isScopePattern(text), isScopeEntry(text)]).toEqual([true, true])
    expect([isScopePattern(`!${text}`), isScopeEntry(`!${text}`)]).toEqual([false, true])
  })

  it.each([
    ...['', 'order', ':', 'order:', ':read', 'order:read:', 'order:read:own', 'a:b:any:any', 'ord*:read', 'a b:c'],
    ...[
      '!',
      '!!order:read',
      '?order:read',
      'xorder',
      'order:read\n',
      `${longest}x`,
      7,
      null,
      undefined,
      ['order:read'],
    ],
    ...[{ length: 10, startsWith: () => true, slice: () => 'order:read' }, new String('order:read')],
  ])('is not %j', (text) => {
    const forbidden = typeof text === 'string' ? `!${text}` : text
    expect([isScopePattern(text), isScopeEntry(text), isScopeEntry(forbidden)]).toEqual([false, false, false])
  })
})

describe('the claim', () => {
  it('is a list with one space between', () => {
    expect(readScopeClaim('')).toEqual([])
    expect(readScopeClaim('order:read !order:*')).toEqual(['order:read', '!order:*'])
    for (const claim of [' ', 'order:read ', ' order:read', 'a:b  c:d', 'a:b\tc:d', 'a:b c', '!']) {
      expect(readScopeClaim(claim), claim).toBeUndefined()
    }
  })

  it('may be of any length, and each of its entries of 128 characters beside the !', () => {
    for (const entry of [longest, `!${longest}`]) {
      for (const list of [[entry], [entry, 'order:read'], ['order:read', entry]]) {
        expect(readScopeClaim(list.join(' '))).toEqual(list)
        const longer = list.map((one) => (one === entry ? `${one}x` : one))
        expect(readScopeClaim(longer.join(' '))).toBeUndefined()
      }
    }
  })

  it('cannot be changed by who reads it', () => {
    for (const claim of ['', 'order:read', `${longest} ${longest}`])
      expect(Object.isFrozen(readScopeClaim(claim))).toBe(true)
  })
})
