// What a billion users need: the real feed on a simulated clock and network. Usage: npm run scale [-- [--short] [--json]]; without
// --short bench/scale/RESULTS.md is written.
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { createVirtualTime, realNowMs, replaceClocks } from './virtual-time.mjs'

const { values } = parseArgs({ options: { short: { type: 'boolean' }, json: { type: 'boolean' } } })
const { short: isShort = false } = values
const beganMs = realNowMs()
const say = (text) => console.error(`${((realNowMs() - beganMs) / 1000).toFixed(0).padStart(4)} s  ${text}`)

replaceClocks()
const { scenarios, shortScenarios, start, shortStart } = await import('./scenarios.mjs')
const { runScenario } = await import('./scenario.mjs')
const { measurePage, measureTable } = await import('./table-of-sessions.mjs')
const { measureDatabase } = await import('./database.mjs')
const { describe } = await import('./report.mjs')

say('memory ...')
const page = measurePage()
const table = measureTable(isShort ? [100_000] : [1_000_000, 10_000_000])
const runs = []
for (const scenario of isShort ? shortScenarios : scenarios) {
  say(`${scenario.name}, ${scenario.revocationsASecond} a second, ${scenario.guards} guards ...`)
  runs.push(await runScenario(createVirtualTime(), scenario))
}
say('start ...')
const started = await runScenario(createVirtualTime(), isShort ? shortStart : start)
if (!isShort) say('PostgreSQL ...')
const database = isShort ? undefined : await measureDatabase()
const broken = [...runs, started].filter(({ isShipped, neverRefused, asked }) => {
  return isShipped && (neverRefused > 0 || asked.acceptedLateFresh > 0 || asked.tooYoung > 0 || asked.other > 0)
})
const figures = { page, table, runs, started, database }
const text = describe(figures)
console.log(values.json ? JSON.stringify({ ...figures, broken: broken.length }) : text)
if (!isShort) writeFileSync(new URL('RESULTS.md', import.meta.url), text)
say('done')
if (broken.length > 0) {
  console.error('A guard that called itself fresh let a revoked session through')
  process.exitCode = 1
}
