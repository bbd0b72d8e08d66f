// Coverage-guided fuzzing, half an hour of the processor for each target, beside other work if need be; fuzz.test.ts is its short form.
// Usage: npm run fuzz -w latchkey [-- [--minutes 30] [--seed N] [--keep] [target ...]]; --keep writes what it found into the corpus.
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'

const options = { minutes: { type: 'string' }, seed: { type: 'string' }, keep: { type: 'boolean' } }
const { values, positionals } = parseArgs({ options, allowPositionals: true })
process.env.FUZZ_MINUTES = values.minutes ?? '30'
process.env.FUZZ_SEED = values.seed ?? String(Date.now() % 2 ** 31)
if (values.keep) process.env.FUZZ_KEEP = 'yes'
if (positionals.length > 0) process.env.FUZZ_TARGETS = positionals.join(' ')
console.log(`Seed ${process.env.FUZZ_SEED}; the packages must be built (npm run build)`)

const root = fileURLToPath(new URL('../../..', import.meta.url))
const vitest = await startVitest('test', ['packages/latchkey/test/fuzz.test.ts'], {
  root,
  watch: false,
  project: 'SQLite',
})
await vitest.close()
