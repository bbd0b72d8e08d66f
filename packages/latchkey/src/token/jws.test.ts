import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { LatchkeyError } from '../errors.js'
import { signCompact, verifyCompact } from './jws.js'
import { generateKey } from './key.js'

const key = generateKey('HS256')
const other = generateKey('HS256')
const named = { alg: 'HS256', kid: key.kid }
const encode = (text: string) => Buffer.from(text).toString('base64url')
const header = encode(JSON.stringify(named))

/** Signed as it is, whatever it is. */
function sign(input: string): string {
  const secret = Buffer.from(key.toPrivateJwk().k as string, 'base64url')
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

describe('signing bytes', () => {
  it.each<[object, RegExp]>([
    [{ ...named, alg: 'HS384' }, /^The header must have alg "HS256", the key's own$/],
    [{ kid: key.kid }, /must have alg "HS256"/],
    [{ ...named, kid: other.kid }, /^The header's kid must be the key's$/],
    [{ ...named, crit: ['exp'] }, /^Headers with crit or b64 are not supported$/],
    [{ ...named, b64: true }, /^Headers with crit or b64 are not supported$/],
    [{ ...named, name: '\ud800' }, /^The header's name must /],
  ])('writes no header %j', (wrong, message) => {
    const attempt = () => signCompact(Buffer.from('x'), key, { ...wrong })
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(message)
  })

  it('makes no token that would be too long with any signature, and every shorter one', () => {
    // In base64url three bytes are four characters.
    const longest = Math.floor(((8192 - 87 - header.length - 1) * 3) / 4)
    expect(verifyCompact(signCompact(Buffer.alloc(longest), key), key).payload).toHaveLength(longest)
    const attempt = () => signCompact(Buffer.alloc(longest + 1), key)
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow('A token is at most 8192 characters long')
  })
})

describe('verifying bytes', () => {
  const shape = 'The token must be three parts in canonical base64url, at most 8,192 characters together'
  const object = 'The header must be a JSON object, strictly written'
  const algorithm = 'The header must name the algorithm of one of the keys, and no extension'
  const signature = 'The signature is not that of the key'
  const good = sign(`${header}.${encode('hi')}`)

  it.each([
    ['', shape],
    ['a', shape],
    [`${header}.${encode('hi')}`, shape],
    [`${header}.${encode('hi')}.`, shape],
    [`.${encode('hi')}.${encode('x')}`, shape],
    [`..${encode('x')}`, shape],
    [`${good}.`, shape],
    [`${good}=`, shape],
    [sign(`${header}=.${encode('hi')}`), shape],
    [sign(`${header}.hj`), shape],
    [sign(`${header}.${'A'.repeat(8192)}`), shape],
    [sign(`${encode('null')}.${encode('hi')}`), object],
    [sign(`${encode('[]')}.${encode('hi')}`), object],
    [sign(`${encode('"HS256"')}.${encode('hi')}`), object],
    [sign(`${encode('{"alg":"HS256","alg":"HS256"}')}.${encode('hi')}`), object],
    [sign(`${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${encode('hi')}`), object],
    [sign(`${encode('{}')}.${encode('hi')}`), algorithm],
    [sign(`${encode(JSON.stringify({ ...named, alg: 'HS384' }))}.${encode('hi')}`), algorithm],
    [sign(`${encode(JSON.stringify({ ...named, kid: 'nobody' }))}.${encode('hi')}`), algorithm],
    [sign(`${encode(JSON.stringify({ ...named, kid: other.kid }))}.${encode('hi')}`), signature],
    [sign(`${encode(JSON.stringify({ ...named, kid: 7 }))}.${encode('hi')}`), algorithm],
    [sign(`${encode(JSON.stringify({ ...named, crit: [] }))}.${encode('hi')}`), algorithm],
    [`${good.slice(0, -43)}${'A'.repeat(43)}`, signature],
    [`${good.slice(0, -43)}AAAA`, signature],
  ])('refuses %j, and says what was expected', (text, reason) => {
    const attempt = () => verifyCompact(text, [key, other])
    expect(attempt).toThrow(LatchkeyError)
    expect(attempt).toThrow(expect.objectContaining({ code: 'token_invalid', message: reason }))
  })

  it('takes a header with other members, of any length that a token has', () => {
    const { header: read, payload } = verifyCompact(good, [key, other])
    expect([read, Buffer.from(payload).toString()]).toEqual([named, 'hi'])
    const one = sign(`${encode('{"alg":"HS256","name":"\u00e9"}')}.`)
    expect(verifyCompact(one, key).header).toEqual({ alg: 'HS256', name: '\u00e9' })
    expect(() => verifyCompact(one, [key, other])).toThrow(algorithm)
    // Of one in four lengths nothing is base64url.
    const longest = ['', 'x', 'xx'].map((name) => {
      const own = encode(JSON.stringify({ ...named, name }))
      return sign(`${own}.${'A'.repeat(8192 - 44 - own.length - 1)}`)
    })
    expect(longest.map(({ length }) => length)).toEqual([8192, 8192, 8192])
    const taken = longest.filter((text) => (text.split('.')[1] as string).length % 4 !== 1)
    expect(taken.length).toBeGreaterThan(0)
    for (const text of taken) expect(verifyCompact(text, key).header).toMatchObject(named)
  })
})
