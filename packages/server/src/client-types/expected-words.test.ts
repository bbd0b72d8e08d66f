import { describe, expect, it } from 'vitest'
import { consistsOfExpectedWords } from './expected-words.js'

const person = { account: 'ann.lee@example.org', nickname: 'Annie', issuer: 'https://id.acme-shop.example' }

describe('a password mainly consists of expected words', () => {
  it.each([
    ['the account', 'ann.lee@example.org'],
    ['the account in capitals, and a year', 'ANN.LEE@example.ORG2027'],
    ['what stands before the @', 'ann.lee!'],
    ['what stands before the @, twice', 'ann.lee1ann.lee'],
    ['the nickname and seven characters', 'annie-xq7-Lm'],
    ['the name of the product', 'Latchkey123'],
    ['the host of the issuer', 'id.acme-shop.example'],
    ['a label of it', 'acme-shop2027'],
    ['all of them', 'annielatchkeyacme-shop'],
    ['full-width letters', 'ＡＮＮＩＥ-xq7'],
    ['seven characters of two units each', 'annie🔑🔒🔑🔒🔑🔒🔑'],
  ])('when it is %s', (_, password) => {
    expect(consistsOfExpectedWords(password, person)).toBe(true)
  })

  it.each([
    ['there are eight others beside the nickname', 'annie-xq7-Lm2'],
    ['there are eight others of two units each', 'annie🔑🔒🔑🔒🔑🔒🔑🔒'],
    ['none of the words is in it', 'xq7-Lm2z'],
    ['the last label of the host is in it', 'example8'],
    ['it is a long passphrase about the nickname', 'annie likes long passphrases'],
  ])('not when %s', (_, password) => {
    expect(consistsOfExpectedWords(password, person)).toBe(false)
  })

  it('not when the word has two letters: they stand in many by chance', () => {
    expect(consistsOfExpectedWords('anxq7Lm2', { ...person, account: 'an@example.org', nickname: 'an' })).toBe(false)
  })

  it('when words overlap, the longer one is taken out first', () => {
    const tall = { ...person, account: 'annie@annie.example', nickname: 'annie' }
    expect(consistsOfExpectedWords('annie@annie.example', tall)).toBe(true)
  })

  it('composed and decomposed letters are the same ones', () => {
    const jose = { ...person, nickname: 'jose\u0301' }
    expect(consistsOfExpectedWords('Jos\u00e9-1234', jose)).toBe(true)
  })

  it('without composing what no account can be, which would take long', () => {
    const marks = `a${'\u0301'.repeat(8_000)}${'\u0316'.repeat(8_000)}@example.org`
    const began = performance.now()
    marks.normalize('NFKC')
    const composed = performance.now()
    expect(consistsOfExpectedWords('xq7-Lm2z', { ...person, account: marks, nickname: marks })).toBe(false)
    expect(performance.now() - composed).toBeLessThan((composed - began) / 4)
  })
})
