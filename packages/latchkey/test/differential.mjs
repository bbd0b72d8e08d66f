// A million mutated tokens, ours against jose and fast-jwt; differential.test.ts is its short form.
// Usage: npm run differential -w latchkey [-- [--tokens 1000000] [--seed N]]
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startVitest } from 'vitest/node'

const { values } = parseArgs({ options: { tokens: { type: 'string' }, seed: { type: 'string' } } })
process.env.DIFFERENTIAL_TOKENS = values.tokens ?? '1000000'
process.env.DIFFERENTIAL_SEED = values.seed ?? String(Date.now() % 2 ** 31)
console.log(`Seed ${process.env.DIFFERENTIAL_SEED}; the packages must be built (npm run build)`)

const root = fileURLToPath(new URL('../../..', import.meta.url))
const files = ['packages/latchkey/test/differential.test.ts']
const vitest = await startVitest('test', files, { root, watch: false, project: 'SQLite' })
await vitest.close()
