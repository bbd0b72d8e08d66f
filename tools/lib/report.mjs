import { resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

// The folder to check: the first argument, else this repository.
export const root = resolve(process.argv[2] ?? repository)

export function report(name, problems, whenGood) {
  for (const problem of problems) console.log(problem)
  console.log(problems.length > 0 ? `${name}: ${problems.length} to mend` : `${name}: ${whenGood}`)
  if (problems.length > 0) process.exitCode = 1
}
