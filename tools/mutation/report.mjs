/** Reads what Stryker reports, in the schema of mutation-testing-elements. */
import { readFileSync } from 'node:fs'

const found = new Set(['Killed', 'Timeout'])
const missed = new Set(['Survived', 'NoCoverage'])

/** Every mutant of a report, in the order of files and lines. */
export function readMutants(path) {
  const { files } = JSON.parse(readFileSync(path, 'utf8'))
  return Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants.map(({ location, mutatorName, replacement, status, static: readAtLoad }) => ({
      ...{ file, location, mutatorName, replacement, status },
      key: JSON.stringify([file, location, mutatorName, replacement]),
      isSurvivor: missed.has(status),
      isStatic: status === 'Ignored' && readAtLoad === true,
    })),
  )
}

/** Where it is, as Stryker's `mutate` wants it: lines from 1, columns from 0. */
export function placeOf({ file, location: { start, end } }) {
  return `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`
}

/** Per cent of the mutants that tests saw, of those that could be run. */
export function scoreOf(mutants) {
  const seen = mutants.filter(({ status }) => found.has(status)).length
  return (100 * seen) / (seen + mutants.filter(({ status }) => missed.has(status)).length)
}

/** A line for each file, and one for each mutant that no test saw. */
export function summarise(target, mutants) {
  const files = groupByFile(mutants)
  const count = (list, statuses) => list.filter(({ status }) => statuses.has(status)).length
  const lines = [...files, [target, mutants]].map(([name, list]) => {
    const [killed, left] = [count(list, found), count(list, missed)]
    return `${scoreOf(list).toFixed(1).padStart(6)} %  ${String(killed).padStart(5)} seen  ${String(left).padStart(4)} not  ${name}`
  })
  const survivors = mutants
    .filter(({ status }) => missed.has(status))
    .map(({ file, location: { start }, mutatorName, replacement, status }) => {
      const text = String(replacement).replace(/\s+/g, ' ').slice(0, 100)
      return `${file}:${start.line}:${start.column} ${mutatorName}${status === 'NoCoverage' ? ', in no test' : ''}: ${text}`
    })
  return [...survivors, ...lines].join('\n')
}

function groupByFile(mutants) {
  const files = new Map()
  for (const mutant of mutants) files.set(mutant.file, [...(files.get(mutant.file) ?? []), mutant])
  return files
}
