import { createHash, createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeRefreshToken, makeTagKey, parseRefreshToken } from './refresh-token.js'

const sid = randomBytes(16).toString('base64url')
const tagKey = makeTagKey()
const { token, hash } = makeRefreshToken({ sid, gen: 7, tagKey })
const bytes = Buffer.from(token.slice(4), 'base64url')

describe('a refresh token', () => {
  it('is lkr_ and sid, generation, 256 random bits, tag and checksum', () => {
    expect(token).toMatch(/^lkr_[\w-]{96}$/)
    expect(bytes.toString('base64url', 0, 16)).toBe(sid)
    expect(bytes.readUInt32BE(16)).toBe(7)
    const tag = createHmac('sha256', tagKey).update(bytes.subarray(0, 52)).digest().subarray(0, 16)
    expect(bytes.subarray(52, 68)).toEqual(tag)
    expect(hash).toEqual(createHash('sha256').update(token).digest())
  })

  it('is read again, with the hash that is stored', () => {
    const parsed = parseRefreshToken(token)
    expect([parsed?.sid, parsed?.gen]).toEqual([sid, 7])
    expect(parsed?.hash).toEqual(hash)
    expect(parsed?.hasTagOf(tagKey)).toBe(true)
    expect(parsed?.hasTagOf(makeTagKey())).toBe(false)
  })

  it('is never made twice', () => {
    const made = new Set(Array.from({ length: 10_000 }, () => makeRefreshToken({ sid, gen: 7, tagKey }).token))
    expect(made.size).toBe(10_000)
  })

  it('with one changed character is none, and needs no database to be refused', () => {
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.integer({ min: 0x20, max: 0x17f }), (at, code) => {
        const changed = token.slice(0, at) + String.fromCharCode(code) + token.slice(at + 1)
        expect(parseRefreshToken(changed) === undefined).toBe(changed !== token)
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    ['nothing', ''],
    ['its prefix', 'lkr_'],
    ['one character less', token.slice(0, -1)],
    ['one more', `${token}A`],
    ['padding', `${token}=`],
    ['white space', ` ${token}`],
    ['a line end', `${token}\n`],
    ['another prefix', `lkk_${token.slice(4)}`],
    ['a megabyte', `lkr_${'A'.repeat(2 ** 20)}`],
  ])('is not %s', (_, text) => {
    expect(parseRefreshToken(text)).toBeUndefined()
  })

  it('that somebody invented, checksum and all, has not the tag of the session', () => {
    const invented = makeRefreshToken({ sid, gen: 6, tagKey: makeTagKey() })
    expect(parseRefreshToken(invented.token)?.hasTagOf(tagKey)).toBe(false)
  })

  it('is not made for a sid or generation that cannot be', () => {
    for (const wrong of ['', 'short', `${sid}=`, `${sid.slice(0, -1)}~`]) {
      expect(() => makeRefreshToken({ sid: wrong, gen: 0, tagKey })).toThrow(
        new TypeError('sid must be 128 bits in base64url'),
      )
    }
    for (const gen of [-1, 0.5, 2 ** 31 - 1, Number.NaN]) {
      expect(() => makeRefreshToken({ sid, gen, tagKey })).toThrow(
        new TypeError('gen must be a whole number below 2^31-1'),
      )
    }
  })
})
