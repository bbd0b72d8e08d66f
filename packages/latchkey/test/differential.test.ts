/** Mutated tokens, headers and bodies against the token core, with jose and JSON.parse as the second opinion. */
import process from 'node:process'
import { expect, it } from 'vitest'
import { fuzzBodies } from './fuzz/fuzz-bodies.js'
import { fuzzHeaders } from './fuzz/fuzz-headers.js'
import { fuzzTokens } from './fuzz/fuzz-tokens.js'

/** `npm run fuzz` sets these; the suite runs the short form. */
const full = process.env.FUZZ_CASES !== undefined
const count = Number(process.env.FUZZ_CASES ?? 20_000)
const seed = Number(process.env.FUZZ_SEED ?? 7)
const timeout = 60_000 + count * 5

function since(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`
}

it('refuses every mutated token with a coded error, and accepts nothing that jose refuses', { timeout }, async () => {
  const began = performance.now()
  const { ran, accepted, kinds, failures } = await fuzzTokens({ count, seed, joseShare: 0.1 })
  console.log(`${ran} tokens, seed ${seed}, ${since(began)}: ${accepted} accepted, ${failures.length} failures`)
  for (const [kind, row] of full ? Object.entries(kinds).sort() : []) {
    console.log(`  ${kind}: ${row.ran} ran; jose was asked about ${row.asked} and alone accepts ${row.onlyJose}`)
  }
  expect(failures).toEqual([])
  expect(accepted).toBeGreaterThan(count / 50)
})

it('answers every mutated header with 400, 401, 403, or the user of the token in it', { timeout }, () => {
  const began = performance.now()
  const { ran, accepted, statuses, failures } = fuzzHeaders({ count, seed })
  console.log(`${ran} headers, seed ${seed}, ${since(began)}: ${JSON.stringify(statuses)}, ${failures.length} failures`)
  expect(failures).toEqual([])
  expect(accepted).toBeGreaterThan(count / 200)
})

it('parses a mutated body exactly as JSON.parse does, or refuses it for a reason', { timeout }, () => {
  const began = performance.now()
  const { ran, accepted, failures } = fuzzBodies({ count, seed })
  console.log(`${ran} bodies, seed ${seed}, ${since(began)}: ${accepted} accepted, ${failures.length} failures`)
  expect(failures).toEqual([])
  expect(accepted).toBeGreaterThan(count / 20)
})
