import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

const rows = (...lines) => `# ASVS\n\n| id | L | what it asks | shown by |\n|---|---|---|---|\n${lines.join('\n')}\n`
const good = {
  'docs/limits.md': '# Limits\n',
  'tools/check-secrets.mjs': '',
  'packages/server/test/limits.test.ts': '',
  'docs/asvs.md': rows(
    '| V1.2.4 | 1 | queries use parameters | `tools/check-secrets.mjs` (SQL), `server/test/limits.test.ts` |',
    '| V2.4.1, V6.1.1 | 2 | guessing is held back | `server/test/limits.test.ts`; numbers: [limits](limits.md#numbers) |',
    '| V3.3.1 to V3.3.4 | 1 | cookies | do not apply: no cookie is set or read |',
    '| V6.2.11 | 2 | words of the product | **open** |',
    '',
    '| T6 | what happened elsewhere | `server/test/limits.test.ts` |',
  ),
}

test('passes files that exist, rows that do not apply, and rows that are open', async () => {
  expect(await runCheck('check-asvs.mjs', good)).toEqual({ code: 0, output: 'asvs: 5 rows, 3 files that exist\n' })
})

test.concurrent.each([
  [
    'a test that does not exist',
    '| V1.2.4 | 1 | queries | `server/test/limit.test.ts` |',
    'docs/asvs.md:5 names packages/server/test/limit.test.ts, which does not exist',
  ],
  [
    'a tool that does not exist',
    '| V1.2.4 | 1 | queries | `server/test/limits.test.ts`, `tools/check-sql.mjs` |',
    'docs/asvs.md:5 names tools/check-sql.mjs, which does not exist',
  ],
  [
    'a page that does not exist',
    '| V1.2.4 | 1 | queries | `server/test/limits.test.ts`, [limits](limit.md) |',
    'docs/asvs.md:5 names docs/limit.md, which does not exist',
  ],
  [
    'a row that names nothing',
    '| V1.2.4, V1.2.5 | 1 | queries | shown by reading |',
    'docs/asvs.md:5 V1.2.4, V1.2.5 names no test; allowed: a file, "does not apply" or **open**',
  ],
  [
    'a fault of others that names nothing, whatever its own words are',
    '| T6 | what does not apply elsewhere | cannot happen here |',
    'docs/asvs.md:5 T6 names no test; allowed: a file, "does not apply" or **open**',
  ],
])('refuses %s', async (_, row, message) => {
  const { code, output } = await runCheck('check-asvs.mjs', { ...good, 'docs/asvs.md': rows(row) })
  expect(output).toBe(`${message}\nasvs: 1 to mend\n`)
  expect(code).toBe(1)
})

test('refuses a page that is missing', async () => {
  expect(await runCheck('check-asvs.mjs', {})).toEqual({
    code: 1,
    output: 'docs/asvs.md is missing\nasvs: 1 to mend\n',
  })
})
