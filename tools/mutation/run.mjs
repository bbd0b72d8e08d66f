// Changes the code in one place after the other, and counts whether tests see it; docs/mutation.md holds what came of it.
// Usage: npm run mutation [-- target ...]; a target takes from a minute to an hour. Reports lie in tools/mutation/reports.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { placeOf, readMutants, scoreOf, summarise } from './report.mjs'
import { targets } from './targets.mjs'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const leastScore = 90

const chosen = process.argv.slice(2)
const unknown = chosen.find((name) => targets[name] === undefined)
if (unknown !== undefined) {
  console.error(`There is no target ${unknown}; there are ${Object.keys(targets).join(', ')}`)
  process.exit(2)
}
if (!existsSync(path('node_modules'))) {
  console.error('Installing Stryker ...')
  const words = ['ci', '--omit=peer', '--loglevel=error']
  const { status } = spawnSync('npm', words, { cwd: path('.'), stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(1)
}
for (const target of chosen.length === 0 ? Object.keys(targets) : chosen) {
  const mutants = mutate(target, target, targets[target].mutate, 'first')
  // What is read once, as a module is loaded, is seen only with every test anew: by themselves those few do not take long. What
  // no test saw is tried by the slow ones, too.
  const again = new Map(
    mutants.filter(({ isStatic, isSurvivor }) => isStatic || isSurvivor).map((one) => [one.key, one]),
  )
  const known = new Map(mutants.map((mutant) => [mutant.key, mutant]))
  if (again.size > 0) {
    const places = [...new Set([...again.values()].map(placeOf))]
    for (const mutant of mutate(target, `${target}-again`, places, 'second')) {
      if (again.has(mutant.key)) known.set(mutant.key, mutant)
    }
  }
  const all = [...known.values()]
  console.log(summarise(target, all))
  if (scoreOf(all) < leastScore) process.exitCode = 1
}

/** The mutants of these places, and what became of each. */
function mutate(target, report, places, turn) {
  const words = [path('node_modules/@stryker-mutator/core/bin/stryker.js'), 'run', path('stryker.config.mjs')]
  const env = {
    ...process.env,
    MUTATION_TARGET: target,
    MUTATION_REPORT: path(`reports/${report}.json`),
    MUTATION_PLACES: JSON.stringify(places),
    MUTATION_TURN: turn,
  }
  const { status } = spawnSync(process.execPath, words, { cwd: path('../..'), env, stdio: 'inherit' })
  if (status !== 0) throw new Error(`Stryker ended with ${status}`)
  return readMutants(path(`reports/${report}.json`))
}
