import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

test('fails when a check fails, and names it', async () => {
  const { code, output } = await runCheck('check.mjs', {
    'docs/a.md': '```js no-run\n```\n',
    'biome.json': '{ "nonsense": 1 }',
  })
  expect(output).toContain('docs/a.md:2 is marked no-run without a reason')
  expect(output).toContain('docs/errors.md is missing')
  expect(output).toContain('CONTRIBUTING.md is missing')
  expect(output.trim().split('\n').at(-1).split(': ')[1].split(', ').sort()).toEqual([
    'asvs',
    'biome',
    'errors',
    'examples',
    'imports',
  ])
  expect(code).toBe(1)
})
