import { describe, expect, it } from 'vitest'
import { passwordAttemptReasons, passwordReasons } from './password-rule.js'

const length = ['must be 8 to 128 characters long']

describe('a password', () => {
  it.each([
    ['of 8 characters', 'xq7-Lm2z'],
    ['of 64 characters', 'aB3-'.repeat(16)],
    ['of 128 characters', 'aB3-'.repeat(32)],
    ['of 128 characters of two units each', '🔑'.repeat(128)],
    ['of 8 characters of two units each', '🔑🔒'.repeat(4)],
    ['with white space on both sides', '  pass word  '],
    ['with a NUL and control characters', 'a\0b\u0007c\nd\te'],
    ['in decomposed letters', 'cafe\u0301 noir'],
  ])('%s can be chosen', async (_, password) => {
    expect(await passwordReasons(password)).toEqual([])
    expect(passwordAttemptReasons(password)).toEqual([])
  })

  it.each([
    ['of 7 characters', 'xq7-Lm2', length],
    ['of 7 characters of two units each', '🔑'.repeat(7), length],
    ['of none', '', length],
    ['of 129 characters', 'x'.repeat(129), length],
    ['of a megabyte', 'x'.repeat(2 ** 20), length],
    ['with half of a pair', 'xq7-Lm2z\ud800', ['must be well-formed Unicode']],
    ['that many have', 'password1', ['must not be one of the most common passwords']],
    ['that many have, in capitals', 'QwertyUiop', ['must not be one of the most common passwords']],
    ['that is a run on the keyboard', 'qwertzuiop', ['must not be one of the most common passwords']],
  ])('%s cannot', async (_, password, reasons) => {
    expect(await passwordReasons(password)).toEqual(reasons)
  })

  it('may be shorter at a login than at registering, but not longer', () => {
    expect(passwordAttemptReasons('short')).toEqual([])
    expect(passwordAttemptReasons('')).toEqual(['must be 1 to 128 characters long'])
    expect(passwordAttemptReasons('x'.repeat(129))).toEqual(['must be 1 to 128 characters long'])
  })
})
