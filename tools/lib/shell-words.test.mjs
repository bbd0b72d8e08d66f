import { expect, test } from 'vitest'
import { shellWords } from './shell-words.mjs'

test.each([
  ['curl a  b', ['curl', 'a', 'b'], ''],
  [`-d '{"a": "it\\"s"}' x`, ['-d', '{"a": "it\\"s"}', 'x'], ''],
  [`-H "a: \\"b\\" $c"'d'`, ['-H', 'a: "b" $cd'], ''],
  ["-u '' # 401 no", ['-u', ''], '401 no'],
  ['a#b \\\n  c\\ d', ['a#b', 'c d'], ''],
  ['\'?*[|\' "&;"', ['?*[|', '&;'], ''],
])('splits %j as a shell does', (text, words, comment) => {
  expect(shellWords(text)).toEqual({ words, comment })
})

test.each(["curl '", 'curl "a', 'curl \\'])('waits for the rest of %j', (text) => {
  expect(shellWords(text)).toBeUndefined()
})

test.each(['a | b', 'a > b', 'a && b', 'a; b', '$(a)', 'localhost/x?y=1'])('refuses %j', (text) => {
  expect(() => shellWords(text)).toThrow('allowed: one plain command a line')
})
