import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

const table = {
  busy: { status: 503, errorCode: 1011, title: 'Busy', msg: 'busy' },
  forbidden: { status: 403, errorCode: 1004, title: 'Forbidden', msg: 'forbidden' },
}
const busy = entry('busy', { Status: 503, error_code: 1011, When: 'full.', Do: 'wait.' })
const forbidden = entry('forbidden', { Status: '403, always', error_code: 1004, When: 'no scope.', Do: 'ask.' })
const gone = entry('gone', { error_code: 1003 })
const page = `# Errors\n\n## Codes\n\n${busy}${forbidden}\n## Retired\n\n${gone}`

function entry(code, facts) {
  const lines = Object.entries(facts).map(([name, text]) => `- **${name}** ${text}\n`)
  return `### ${code}\n\n${lines.join('')}\n`
}

function run(text, rows = table) {
  return runCheck('check-errors.mjs', {
    'packages/latchkey/package.json': { type: 'module' },
    'packages/latchkey/dist/errors.js': `export const errorTable = ${JSON.stringify(rows)}`,
    'docs/errors.md': text,
  })
}

test('passes a page that says what the table says', async () => {
  expect(await run(page)).toEqual({ code: 0, output: 'errors: 2 codes, each with its entry in docs/errors.md\n' })
})

test.concurrent.each([
  ['a code without entry', page.replace(busy, ''), table, 'docs/errors.md lacks an entry "### busy"'],
  ['an entry without code', page, { busy: table.busy }, 'docs/errors.md:12 forbidden is not in the table'],
  [
    'an entry named like a member of every object',
    page.replace('### gone', '## X\n### constructor'),
    table,
    'constructor is not in',
  ],
  ['an entry that is there twice', page.replace(busy, busy + busy), table, 'docs/errors.md:12 busy is there twice'],
  ['another status', page.replace('503', '500'), table, 'docs/errors.md:5 busy has status 500; the table says 503'],
  ['another number', page.replace('1011', '1012'), table, 'busy has error_code 1012; the table says 1011'],
  [
    'an entry that does not say what to do',
    page.replace('- **Do** wait.', ''),
    table,
    'busy lacks the line "- **Do** ..."',
  ],
  [
    'a retired code without number',
    page.replace('- **error_code** 1003', ''),
    table,
    'gone lacks the line "- **error_code** ..."',
  ],
  [
    'a retired code in the table',
    page,
    { ...table, gone: { status: 400, errorCode: 7 } },
    'gone is retired, but in the table',
  ],
  [
    'the number of a retired code',
    page.replace('1004', '1003'),
    { ...table, forbidden: { status: 403, errorCode: 1003 } },
    'gives forbidden the error_code 1003, which is that of gone, retired; allowed: a new number',
  ],
  [
    'one number for two codes',
    page.replace('1004', '1011'),
    { ...table, forbidden: { status: 403, errorCode: 1011 } },
    'gives forbidden the error_code 1011, which is that of busy',
  ],
  [
    'the number of a success',
    page.replace('1004', '1'),
    { ...table, forbidden: { status: 403, errorCode: 1 } },
    'gives forbidden the error_code 1, which is that of deleted',
  ],
])('refuses %s', async (_, text, rows, message) => {
  const { code, output } = await run(text, rows)
  expect(output).toContain(message)
  expect(code).toBe(1)
})

test('refuses a missing page and a missing build', async () => {
  const { code, output } = await runCheck('check-errors.mjs', {})
  expect(output).toBe('docs/errors.md is missing\npackages/latchkey/dist/errors.js is missing\nerrors: 2 to mend\n')
  expect(code).toBe(1)
})
