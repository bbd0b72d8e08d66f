/** Coverage-guided fuzzing of every parser that reads what strangers send; docs/decisions/0019 says how. */
import process from 'node:process'
import { afterAll, describe, expect, it } from 'vitest'
import { copyCode } from './fuzz/coverage/code-under-test.js'
import { fewest, readCorpus, writeCorpus } from './fuzz/coverage/corpus.js'
import { faults } from './fuzz/coverage/faults.js'
import { type Progress, search } from './fuzz/coverage/search.js'
import type { TargetDefinition } from './fuzz/coverage/target.js'
import { targets } from './fuzz/coverage/targets/index.js'
import { faultOf } from './fuzz/coverage/watch.js'

/** `npm run fuzz` sets these; the suite runs the short form. */
const minutes = Number(process.env.FUZZ_MINUTES ?? 0)
const seed = Number(process.env.FUZZ_SEED ?? 7)
const chosen = process.env.FUZZ_TARGETS?.split(' ')
const maxHeapGrowth = 16 * 2 ** 20
/** Beside other work it takes as long as that leaves it. */
const timeout = 120_000 + minutes * 20 * 60_000

describe('finds no input that is answered wrongly', () => {
  const code = copyCode()
  afterAll(() => code.remove())

  it.each(targets.filter(({ name }) => chosen?.includes(name) ?? true))('by $name', { timeout }, async (definition) => {
    const { name, shortRuns } = definition
    const target = await definition.prepare(code)
    const corpus = readCorpus(name)
    const before = process.cpuUsage()
    const report = ({ runs, branches, corpus: inputs, findings }: Progress) => {
      const { user, system } = process.cpuUsage(before)
      const seconds = (user + system) / 1e6
      const found = `${inputs} inputs, ${findings.length} findings`
      console.log(`${name}: ${runs} runs in ${Math.round(seconds)} s of the processor, ${branches} branches, ${found}`)
      for (const { fault, input } of findings) console.log(`  ${fault}: ${JSON.stringify(input)}`)
    }
    const limits = minutes > 0 ? { maxRuns: Infinity, maxCpuMs: minutes * 60_000 } : { maxRuns: shortRuns }
    const result = await search(code, target, { seed, corpus, ...limits, ...(minutes > 0 ? { report } : {}) })
    report(result)
    const { branchesAtFirst, heapGrowth } = result
    const grown = `${(heapGrowth / 2 ** 20).toFixed(1)} MiB`
    console.log(
      `${name}: began with ${corpus.length} inputs and ${branchesAtFirst} branches; the heap grew by ${grown}`,
    )
    if (process.env.FUZZ_KEEP) writeCorpus(name, fewest(code, target, [...corpus, ...result.inputs]))
    expect(result.findings).toEqual([])
    expect(heapGrowth).toBeLessThan(maxHeapGrowth)
  })
})

describe.runIf(minutes === 0)('finds a fault', () => {
  it.each(faults)('of $target: $what', { timeout }, async (fault) => {
    const { prepare, shortRuns } = targets.find(({ name }) => name === fault.target) as TargetDefinition
    const code = copyCode(fault)
    try {
      const corpus = readCorpus(fault.target)
      // Signatures by ES256 differ from run to run, and with them the way of the search.
      const limits = { maxRuns: 20 * shortRuns, maxFindings: 1 }
      const { findings } = await search(code, await prepare(code), { seed, corpus, ...limits })
      const [first] = findings
      console.log(`${fault.target} that ${fault.what}: after ${first?.runs} runs, ${first?.fault.split('\n')[0]}`)
      expect(findings.length).toBeGreaterThan(0)
    } finally {
      code.remove()
    }
  })
})

it('finds what changes a prototype that all objects share', () => {
  const { at } = Array.prototype
  const changes = { seeds: [], maxLength: 1, run: () => void Object.assign(Array.prototype, { at: at.bind([]) }) }
  const fault = faultOf(changes, 'x')
  Object.assign(Array.prototype, { at })
  expect([fault, faultOf({ ...changes, run: () => {} }, 'x')]).toEqual([
    expect.stringContaining('prototype'),
    undefined,
  ])
})
