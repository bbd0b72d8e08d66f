// The tests of a target as one file, so that its modules are loaded once.
import process from 'node:process'
import { targets, testFiles } from './targets.mjs'
import { describe, it } from './vitest.mjs'

for (const file of testFiles(targets[process.env.MUTATION_TARGET].tests)) {
  // Hooks of the file hold for its own tests.
  describe(file, async () => {
    it('is there', () => {})
    await import(/* @vite-ignore */ `../../${file}`)
  })
}
