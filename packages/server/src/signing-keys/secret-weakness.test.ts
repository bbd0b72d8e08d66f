import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { weaknessOf } from './secret-weakness.js'

it.each([
  ['a'.repeat(32), 'one character again and again'],
  ['0123456789'.repeat(4), 'a text of 10 characters again and again'],
  ['secretsecretsecretsecretsecretse', 'a text of 6 characters again and again'],
  [`${'changeme-please-'.repeat(2)}`, 'a text of 16 characters again and again'],
  [Buffer.from('\0'.repeat(32)).toString('hex'), 'one character again and again'],
  [Buffer.from('\0'.repeat(33)).toString('base64'), 'one character again and again'],
  ['abcdefghijklmnopqrstuvwxyz0123456789', 'a row of characters that follow one another'],
  ['zyxwvutsrqponmlkjihgfedcba9876543210', 'a row of characters that follow one another'],
  ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab', 'made of fewer than 6 characters'],
  ['0110100110010110100101100110100101', 'made of fewer than 6 characters'],
])('%s is refused by name', (secret, weakness) => {
  expect(weaknessOf(secret)).toBe(weakness)
})

it('finds nothing in 3,000 random secrets, in any spelling, and nothing in a sentence', () => {
  for (let i = 0; i < 1000; i++) {
    for (const spelling of ['base64', 'base64url', 'hex'] as const) {
      const secret = randomBytes(spelling === 'hex' ? 16 : 32).toString(spelling)
      expect([secret, weaknessOf(secret)]).toEqual([secret, undefined])
    }
  }
  expect(weaknessOf('a secret of more than thirty-two bytes')).toBeUndefined()
})
