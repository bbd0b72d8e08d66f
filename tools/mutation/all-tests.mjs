// The tests of a target as one file, so that its modules are loaded once.
import process from 'node:process'
import { targets, testFiles } from './targets.mjs'
import { describe, it } from './vitest.mjs'

const { MUTATION_TARGET, MUTATION_TURN } = process.env
const { tests, slowTests } = targets[MUTATION_TARGET]
for (const file of testFiles(MUTATION_TURN === 'first' ? tests : [...tests, ...slowTests])) {
  // Hooks of the file hold for its own tests.
  describe(file, async () => {
    it('is there', () => {})
    await import(/* @vite-ignore */ `../../${file}`)
  })
}
