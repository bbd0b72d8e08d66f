import { describe, expect, it } from 'vitest'
import { maxInputLength, TextScratch } from './text-scratch.js'

describe('the room for one text at a time', () => {
  const before = Buffer.from('before')
  const bytes = (view: Uint8Array) => Buffer.from(view).toString('latin1')

  it('holds what stays and the beginning of the text, however long the one before was', () => {
    const scratch = new TextScratch(before)
    for (const length of [0, 1, 5, 1023, 1024, 1025, maxInputLength, 1025, 1024, 5, 1, 0]) {
      for (const letter of ['a', 'b']) {
        const text = letter.repeat(maxInputLength)
        expect(bytes(scratch.write(text, length))).toBe(`before${text.slice(0, length)}`)
      }
    }
    expect(bytes(new TextScratch().write('\u00e9x', 1))).toBe('\u00e9')
  })

  it('takes no text that is longer than it: cut, it would say what nobody signed', () => {
    const scratch = new TextScratch(before)
    const text = 'x'.repeat(maxInputLength + 1)
    expect(() => scratch.write(text, text.length)).toThrow(
      new RangeError('A text of 8193 characters is too long to sign'),
    )
  })
})
