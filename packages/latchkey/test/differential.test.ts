/** The strict verifier against jose and fast-jwt, over mutated tokens; docs/differential.md holds the full run. */
import process from 'node:process'
import { expect, it } from 'vitest'
import { compare } from './differential/compare.js'
import { describeComparison } from './differential/describe.js'

/** `npm run differential` sets these; the suite runs the short form. */
const count = Number(process.env.DIFFERENTIAL_TOKENS ?? 20_000)
const seed = Number(process.env.DIFFERENTIAL_SEED ?? 7)

it('differs from jose and fast-jwt for reasons only', { timeout: 120_000 + count * 10 }, async () => {
  const began = performance.now()
  const comparison = await compare({ count, seed, report: (ran) => console.log(`${ran} tokens`) })
  const seconds = Math.round((performance.now() - began) / 1000)
  console.log(`${comparison.ran} tokens, seed ${seed}, ${seconds} s\n\n${describeComparison(comparison)}`)
  expect(comparison.unclassified).toEqual([])
  // Were few accepted, little would be compared.
  expect(comparison.allAccept).toBeGreaterThan(count / 10)
  const differences = [...comparison.theyAccept.values()].reduce((sum, row) => sum + row.jose + row['fast-jwt'], 0)
  expect(differences).toBeGreaterThan(count / 50)
})
