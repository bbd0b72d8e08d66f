import { describe, expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url, isBase64url } from './base64url.js'

describe('base64url', () => {
  it('reads back what it wrote, at every length', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255)
      expect(decodeBase64url(encodeBase64url(bytes))).toEqual(Buffer.from(bytes))
    }
  })

  it('has one text for each bytes: every other last character is refused', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (const text of ['AA', 'AAA', 'Zg', 'Zm8']) {
      const accepted = [...alphabet].filter((last) => isBase64url(text.slice(0, -1) + last))
      expect(accepted).toHaveLength(text.length === 2 ? 4 : 16)
      for (const last of accepted) {
        const spelling = text.slice(0, -1) + last
        expect(encodeBase64url(decodeBase64url(spelling) as Uint8Array)).toBe(spelling)
      }
    }
  })

  it.each(['A', 'AAAAA', 'AA=', 'AA==', 'A A', 'AA\n', '+A', '/A', 'A.', 'Ł', 'AA\u0141A', '\u0000A'])(
    'refuses %j',
    (text) => {
      expect(isBase64url(text)).toBe(false)
      expect(decodeBase64url(text)).toBeUndefined()
    },
  )

  it('looks only at the part it is asked about', () => {
    expect(isBase64url('??AA??', 2, 4)).toBe(true)
    expect(isBase64url('AA??', 0, 3)).toBe(false)
  })
})
