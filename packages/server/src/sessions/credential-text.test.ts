import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readCredential, writeCredential } from './credential-text.js'

describe('a credential', () => {
  it('is a multiple of three bytes with its checksum', () => {
    expect(readCredential('x_', 8, writeCredential('x_', Buffer.alloc(8)))).toEqual(Buffer.alloc(8))
    for (const length of [0, 1, 7, 9]) {
      expect(() => writeCredential('x_', randomBytes(length))).toThrow(
        new TypeError('A credential must be a multiple of three bytes with its checksum'),
      )
    }
  })
})
