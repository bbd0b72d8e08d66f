// Latchkey beside its peers. Usage: npm run bench [-- [--json] [table ...]]; without a table all of them, and
// bench/RESULTS.md is written.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const rounds = 11
const options = { json: { type: 'boolean', default: false } }
const { values, positionals } = parseArgs({ options, allowPositionals: true })
const all = readdirSync(path('tables')).map((file) => file.replace(/\.mjs$/, ''))
const unknown = positionals.find((name) => !all.includes(name))
if (unknown !== undefined) {
  console.error(`There is no table ${unknown}; there are ${all.join(', ')}`)
  process.exit(2)
}
if (!existsSync(path('node_modules'))) {
  console.error('Installing what Latchkey is measured against ...')
  const { status } = spawnSync('npm', ['ci', '--loglevel=error'], { cwd: path('.'), stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(1)
}

const { describeMachine, judge, toMarkdown } = await import('./lib/report.mjs')
const tables = []
if (!values.json) console.log(`${describeMachine().join('\n')}\n`)
for (const name of positionals.length === 0 ? all : positionals) {
  const { title, run } = await import(`./tables/${name}.mjs`)
  console.error(`${title} ...`)
  const ended = await run({ rounds })
  tables.push(...ended)
  // At once: a later one may fail.
  if (!values.json) for (const table of ended) console.log(toMarkdown(table))
}
if (values.json) {
  const judged = tables.map((table) => ({ ...table, goals: judge(table) }))
  console.log(JSON.stringify({ machine: describeMachine(), tables: judged }))
}
if (positionals.length === 0) {
  const machine = describeMachine().map((line) => `${line}  `)
  writeFileSync(path('RESULTS.md'), [`# Results\n`, ...machine, '', ...tables.map(toMarkdown)].join('\n'))
}
