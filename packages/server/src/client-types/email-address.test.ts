import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emailAttemptReasons, emailReasons, normaliseEmail } from './email-address.js'

describe('an email address', () => {
  it.each([
    ...['a@b.c', 'ann@example.org', 'ann.lee+news@mail.example.org', "o'neil_x-1@example.co.uk", '用户@例子.测试'],
    ...['ann@münchen.example', `${'a'.repeat(64)}@example.org`, `a@${'b.'.repeat(125)}c`],
  ])('may be %s', (address) => {
    expect(emailReasons(address)).toEqual([])
  })

  it.each([
    ...[
      'anna.lee',
      '@example.org',
      'anna@',
      'ann@localhost',
      'ann@@example.org',
      'a@b@example.org',
      'ann@example..org',
    ],
    ...['.ann@example.org', 'ann.@example.org', 'an..n@example.org', 'ann@-example.org', 'ann@example-.org'],
    ...['ann@example.123', 'ann@[127.0.0.1]', '"ann"@example.org', 'ann(x)@example.org', 'ann lee@example.org'],
    ...['ann@example.org ', ' ann@example.org', 'ann@example.org\n', 'ann@example.org\r\nbcc: x@example.org'],
    ...[
      'a\u200bnn@example.org',
      'a\u00adnn@example.org',
      '\u202eann@example.org',
      'a\0nn@example.org',
      'ann＠example.org',
    ],
    `${'a'.repeat(65)}@example.org`,
  ])('may not be %j', (address) => {
    expect(emailReasons(address)).toEqual(['must be an email address such as name@example.org'])
  })

  it('has 5 to 254 characters', () => {
    expect(emailReasons('a@bc')).toEqual(['must be 5 to 254 characters long'])
    expect(emailReasons(`a@${'b.'.repeat(126)}c`)).toEqual(['must be 5 to 254 characters long'])
    // Composing this would take half a second.
    const began = performance.now()
    const marks = `a${'\u0301'.repeat(15_000)}${'\u0316'.repeat(15_000)}@example.org`
    expect(emailReasons(marks)).toEqual(['must be 5 to 254 characters long'])
    expect(performance.now() - began).toBeLessThan(100)
  })

  it('has one spelling: lower case, composed', () => {
    expect(normaliseEmail('ANN@Example.ORG')).toBe('ann@example.org')
    expect(normaliseEmail('jose\u0301@example.org')).toBe('jos\u00e9@example.org')
    expect(normaliseEmail('JOSE\u0301@example.org')).toBe('jos\u00e9@example.org')
  })

  it('is not spelled anew by a second time, whatever the text', () => {
    const any = fc.string({ unit: 'binary', maxLength: 40 })
    fc.assert(
      fc.property(any, (text) => {
        const once = normaliseEmail(text)
        expect(normaliseEmail(once)).toBe(once)
      }),
      { numRuns: 5000 },
    )
  })

  it('that nobody can have is told by its length alone at a login', () => {
    expect(emailAttemptReasons('no address at all')).toEqual([])
    for (const text of ['', 'x'.repeat(255), 'x'.repeat(100_000)]) {
      expect(emailAttemptReasons(text)).toEqual(['must be 1 to 254 characters long'])
    }
  })
})
