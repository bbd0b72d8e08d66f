import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

const file = 'packages/server/src/a.ts'
const check = (pattern) =>
  runCheck('check-patterns.mjs', {
    'packages/server/package.json': { name: '@latchkey/server' },
    [file]: `\nexport const x = ${pattern}\n`,
  })

test('passes what reads each character once', async () => {
  const { code, output } = await check('[/^[a-z0-9]+(?:-[a-z0-9]+)*$/, /^(?:a{1,64}\\.)+b$/i, /\\p{L}{1,3}$/u]')
  expect([code, output]).toEqual([0, 'patterns: 3 regular expressions, each quick on 64 KiB\n'])
})

test.concurrent.each([
  '/^(a+)+$/',
  '/^(?:\\w+-?)+$/',
  '/^(?:x|x)*y$/',
  '/\\/+$/',
  '/^token(?: +|$)(.*)$/',
  '/(?:[._-]|\\.)+@$/',
  '/^\\d+\\d+\\d+\\.$/',
])('refuses %s', async (pattern) => {
  const { code, output } = await check(pattern)
  expect(output).toContain(`${file}:2 ${pattern} takes more than 250 ms on 64 KiB of`)
  expect(output).toContain('patterns: 1 to mend')
  expect(code).toBe(1)
})
