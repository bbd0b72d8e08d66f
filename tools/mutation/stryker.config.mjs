import process from 'node:process'

const { MUTATION_REPORT, MUTATION_PLACES, MUTATION_TURN } = process.env

export default {
  mutate: JSON.parse(MUTATION_PLACES),
  ignoreStatic: MUTATION_TURN === 'first',
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'tools/mutation/vitest.config.mjs', related: false },
  // Nothing is built, and TypeScript 7 has no API to rewrite it by.
  tsconfigFile: 'none',
  ignorePatterns: ['**/bundle', 'bench', 'tools/mutation/reports'],
  coverageAnalysis: 'perTest',
  // Tests wait more than they work.
  concurrency: 4,
  dryRunTimeoutMinutes: 30,
  warnings: { slow: false },
  reporters: ['progress-append-only', 'json'],
  jsonReporter: { fileName: MUTATION_REPORT },
  tempDirName: 'tools/mutation/.sandbox',
}
