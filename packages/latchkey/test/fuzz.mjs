// The full runs of differential.test.ts (a million tokens, headers and bodies each) and of property.test.ts.
// Usage: npm run fuzz -w latchkey [-- cases seed]
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { startVitest } from 'vitest/node'

const [cases = '1000000', seed = String(Date.now() % 2 ** 31)] = process.argv.slice(2)
process.env.FUZZ_CASES = cases
process.env.FUZZ_SEED = seed
console.log(`${cases} cases of each kind, seed ${seed}; the packages must be built (npm run build)`)

const files = ['differential', 'property'].map((name) => `packages/latchkey/test/${name}.test.ts`)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const vitest = await startVitest('test', files, { root, watch: false })
await vitest.close()
