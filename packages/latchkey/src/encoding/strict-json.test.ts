import { describe, expect, it } from 'vitest'
import { readStrictJson } from './strict-json.js'

describe('strict JSON', () => {
  it.each([
    'null',
    '0',
    '-0.5e3',
    '""',
    '[]',
    '{}',
    '{"a":{"b":1},"c":{"b":2}}',
    '[{"a":1},{"a":2}]',
    '"\\ud83d\\ude00"',
  ])('reads %s like any parser', (text) => {
    expect(readStrictJson(text)).toEqual({ value: JSON.parse(text) })
  })

  it.each([
    ['{"a":1,"a":1}', 'a', 'must not be repeated'],
    ['{"a":1,"\\u0061":1}', 'a', 'must not be repeated'],
    ['{"a":{"b":1,"b":2}}', 'a', 'must not hold a repeated key'],
    ['[{"b":1,"b":2}]', 'body', 'must not hold a repeated key'],
    ['{"a":"\\ud800"}', 'a', 'must be well-formed Unicode'],
    ['{"a":"\ud800"}', 'a', 'must be well-formed Unicode'],
    ['{"a":["x\\udc00"]}', 'a', 'must be well-formed Unicode'],
    ['{"\\ud800":1}', '?', 'must be well-formed Unicode'],
    ['{"a":"\ud800\\udc00"}', 'a', 'must be well-formed Unicode'],
    ['{"a":1e400}', 'a', 'must be a number that fits a double'],
    ['{"__proto__":{"role":"admin"}}', '__proto__', 'must not be sent'],
    ['{"a":{"__proto__":1}}', '__proto__', 'must not be sent'],
    ['\ufeff{}', 'body', 'must not begin with a byte order mark'],
    ['', 'body', 'must be valid JSON'],
    ['{"a":1,}', 'body', 'must be valid JSON'],
    ['{"a":01}', 'body', 'must be valid JSON'],
  ])('refuses %s', (text, field, reason) => {
    expect(readStrictJson(text)).toEqual({ field, reason })
  })

  it('takes 32 levels and not 33', () => {
    expect(readStrictJson('['.repeat(32) + ']'.repeat(32))).toHaveProperty('value')
    expect(readStrictJson(`{"a":${'['.repeat(32)}${']'.repeat(32)}}`)).toMatchObject({ field: 'a' })
  })

  it('is not misled by quotes, brackets and backslashes inside strings', () => {
    const value = { 'a"': '\\"}{', 'a\\': ',":[', 'a\\"': '\\\\' }
    expect(readStrictJson(JSON.stringify(value))).toEqual({ value })
  })
})
