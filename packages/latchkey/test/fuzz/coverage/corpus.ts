/** The inputs that lie in the repository: few and short, and together they take every branch that any search has taken. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { CodeUnderTest } from './code-under-test.js'
import { createSeenBranches } from './seen-branches.js'
import type { Target } from './target.js'
import { faultOf } from './watch.js'

const fileOf = (name: string) => fileURLToPath(new URL(`../corpus/${name}.json`, import.meta.url))

export function readCorpus(name: string): readonly string[] {
  const file = fileOf(name)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
}

export function writeCorpus(name: string, inputs: readonly string[]): void {
  writeFileSync(fileOf(name), `${JSON.stringify([...inputs], null, 2)}\n`)
}

/**
 * Those of `inputs` that are needed to take every branch that all of them take, each as often; the shortest first. What the seeds of
 * the target take is left out, and so is what takes longer than `maxLength`.
 */
export function fewest(code: CodeUnderTest, target: Target, inputs: readonly string[], maxLength = 1500): string[] {
  const seen = createSeenBranches(code)
  const addsTo = (input: string) => {
    seen.begin()
    return faultOf(target, input) === undefined && seen.note() > 0
  }
  for (const seed of target.seeds) addsTo(seed)
  const shortest = [...inputs].filter((input) => input.length <= maxLength).sort((a, b) => a.length - b.length)
  return shortest.filter(addsTo)
}
