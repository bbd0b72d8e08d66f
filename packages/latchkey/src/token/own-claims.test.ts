import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkShapes } from './claims.js'
import { createSigner } from './create-signer.js'
import { readJsonText } from './header.js'
import { generateKey } from './key.js'
import { readOwnClaims } from './own-claims.js'

const subject = { uid: '7', clientType: 100, scopes: ['order:read', '!order:*:any'], sid: 'A'.repeat(22), gen: 3 }
const options = { key: generateKey('HS256'), issuer: 'https://id.example', ttlSeconds: 60 }
const payloadOf = (token: string) => Buffer.from(token.split('.')[1] as string, 'base64url').toString('latin1')
const issue = (more: object = {}, audience: string | string[] = 'orders') =>
  payloadOf(createSigner({ ...options, audience }).issue({ ...subject, ...more }))

/** What strict JSON and the checks of each claim make of it. */
function readSlowly(json: string) {
  const claims = readJsonText(json)
  return claims && !checkShapes(claims) ? claims : undefined
}

describe('claims that are read by one pattern', () => {
  it.each([
    ['a user', issue()],
    ['no scopes', issue({ scopes: [] })],
    ['the greatest counters', issue({ gen: 2 ** 31 - 2, clientType: 2 ** 31 - 2 })],
    ['a moment of 1970', issue({ authenticatedAt: new Date(0) })],
    ['an audience in a list', issue({}, ['orders'])],
    ['several audiences', issue({}, ['a', 'b, c', 'd'])],
    ['every character that needs no escape', issue({ uid: String.fromCharCode(...asciiOf(0x20, 0x7e)) })],
  ])('are those of %s', (_, json) => {
    expect(readOwnClaims(json)).toEqual(readSlowly(json))
    expect(readOwnClaims(json)).toBeDefined()
  })

  it.each([
    ['escapes', issue({ uid: 'a"b' })],
    ['other alphabets', issue({ uid: 'Ł' })],
  ])('are left to others with %s', (_, json) => {
    expect(readOwnClaims(json)).toBeUndefined()
    expect(readSlowly(json)).toBeDefined()
  })

  it.each([
    ['a jti that is not canonical', /(?<="jti":".{21})./, 'B'],
    ['a sid of 23 characters', /(?<="sid":")/, 'A'],
    ['a number that begins with 0', /(?<="iat":)/, '0'],
    ['a number of 16 digits', /(?<="exp":)\d+/, '9007199254740993'],
    ['a negative number', /(?<="gen":)/, '-'],
    ['a fraction', /(?<="iat":\d+)/, '.5'],
    ['a counter that is too great', /(?<="gen":)3/, String(2 ** 31 - 1)],
    ['a client type that is too great', /(?<="client_type":)100/, String(2 ** 31 - 1)],
    ['an empty list of audiences', /(?<="aud":)"orders"/, '[]'],
    ['an empty audience in a list', /(?<="aud":)"orders"/, '["orders",""]'],
    ['white space in a list', /(?<="aud":)"orders"/, '["orders", "bills"]'],
    ['a number in a list', /(?<="aud":)"orders"/, '["orders",1]'],
    ['an empty sub', /(?<="sub":")7/, ''],
    ['an escape', /(?<="sub":")7/, '\\u0037'],
    ['a control character', /(?<="sub":")7/, '\n'],
    ['a character beyond ASCII', /(?<="sub":")7/, 'é'],
    ['white space', /\}$/, ' }'],
    ['something behind it', /\}$/, '}\n'],
    ['a claim that is there twice', /\}$/, ',"sub":"admin"}'],
    ['a claim more', /\}$/, ',"nbf":1}'],
  ])('are left to others when changed: %s', (_, place, text) => {
    const changed = issue().replace(place, text)
    expect(changed).not.toBe(issue())
    expect(readOwnClaims(changed)).toBeUndefined()
  })

  it.each([
    ['text', issue()],
    ['list', issue({}, ['orders', 'bills'])],
  ])(
    'are read as by strict JSON and by each check, or not at all, however a token is changed: aud is a %s',
    (_, json) => {
      const pieces = [
        '"',
        '\\',
        '\\u0041',
        ',',
        ':',
        '{',
        '}',
        '0',
        '-',
        '1e3',
        '.5',
        ' ',
        '\n',
        '\0',
        '\x7f',
        'é',
        'A',
        '_',
      ]
      const piece = fc.oneof(fc.constantFrom(...pieces), fc.constantFrom(...json.split(/(?<=[,:])/)), fc.string())
      const change = fc.record({ at: fc.nat(json.length), cut: fc.nat(12), piece })
      let read = 0
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
          const changed = changes.reduce(
            (text, { at, cut, piece }) => text.slice(0, at) + piece + text.slice(at + cut),
            json,
          )
          const claims = readOwnClaims(changed)
          if (claims === undefined) return
          read++
          expect(claims).toEqual(readSlowly(changed))
        }),
        { numRuns: 50_000 },
      )
      expect(read).toBeGreaterThan(100)
    },
  )
})

function asciiOf(first: number, last: number): number[] {
  const codes = Array.from({ length: last - first + 1 }, (_, i) => first + i)
  return codes.filter((code) => code !== 0x22 && code !== 0x5c)
}
