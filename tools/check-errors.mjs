// docs/errors.md and the table in code say the same, in both directions. Usage: check-errors [root]
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readText } from './lib/files.mjs'
import { report, root } from './lib/report.mjs'

const page = 'docs/errors.md'
const built = 'packages/latchkey/dist/errors.js'
const successNumbers = new Map([
  [0, 'ok'],
  [1, 'deleted'],
])
const problems = []

const missing = [page, built].filter((path) => !existsSync(join(root, path)))
for (const path of missing) problems.push(`${path} is missing`)
let codes = []
if (missing.length === 0) {
  const { errorTable } = await import(pathToFileURL(join(root, built)).href)
  const entries = readEntries(readText(join(root, page)))
  codes = Object.keys(errorTable)
  compare(errorTable, entries)
  checkNumbers(errorTable, entries)
}
report('errors', problems, `${codes.length} codes, each with its entry in ${page}`)

function compare(table, entries) {
  const seen = new Set()
  for (const { code, line, retired, facts } of entries) {
    const say = (text) => problems.push(`${page}:${line} ${code} ${text}`)
    if (seen.has(code)) say('is there twice; allowed: one entry a code')
    seen.add(code)
    const row = Object.hasOwn(table, code) ? table[code] : undefined
    const asked = retired ? ['error_code'] : ['Status', 'error_code', 'When', 'Do']
    for (const fact of asked) if (!facts[fact]) say(`lacks the line "- **${fact}** ..."`)
    if (retired && row) say('is retired, but in the table; allowed: one of the two')
    if (retired) continue
    if (!row) say('is not in the table; allowed: codes of the table, or the section Retired')
    else if (facts.Status && Number.parseInt(facts.Status, 10) !== row.status)
      say(`has status ${facts.Status}; the table says ${row.status}`)
    if (row && facts.error_code && Number(facts.error_code) !== row.errorCode) {
      say(`has error_code ${facts.error_code}; the table says ${row.errorCode}`)
    }
  }
  for (const code of Object.keys(table)) if (!seen.has(code)) problems.push(`${page} lacks an entry "### ${code}"`)
}

function checkNumbers(table, entries) {
  const owners = new Map(successNumbers)
  for (const { code, retired, facts } of entries) if (retired) owners.set(Number(facts.error_code), `${code}, retired`)
  for (const [code, { errorCode }] of Object.entries(table)) {
    const owner = owners.get(errorCode)
    if (owner)
      problems.push(
        `${built} gives ${code} the error_code ${errorCode}, which is that of ${owner}; allowed: a new number`,
      )
    else owners.set(errorCode, code)
  }
}

// An entry is a heading `### code` with lines `- **Fact** text` below it; those below `## Retired` are retired.
function readEntries(text) {
  const entries = []
  let retired = false
  for (const [index, line] of text.split('\n').entries()) {
    const heading = /^(##+) +(.*?) *$/.exec(line)
    const fact = /^- \*\*(\w+)\*\* +(.*?)\.? *$/.exec(line)
    if (heading?.[1] === '##') retired = heading[2] === 'Retired'
    else if (heading?.[1] === '###') entries.push({ code: heading[2], line: index + 1, retired, facts: {} })
    else if (fact && entries.length > 0) entries.at(-1).facts[fact[1]] = fact[2]
  }
  return entries
}
