/** Looks for inputs that a target answers wrongly: changes those that led somewhere new (coverage-guided fuzzing). */
import process from 'node:process'
import { setImmediate } from 'node:timers/promises'
import { collect } from '../../heap.js'
import { createRandom } from '../random.js'
import { changeInput } from './change-input.js'
import type { CodeUnderTest } from './code-under-test.js'
import { createSeenBranches } from './seen-branches.js'
import type { Target } from './target.js'
import { faultOf, shorten } from './watch.js'

export interface SearchOptions {
  readonly seed: number
  /** Inputs to begin with, besides the target's own. */
  readonly corpus: readonly string[]
  /** It ends after so many inputs, or when the processor has worked so long. */
  readonly maxRuns: number
  /** Of the processor, since others use the machine, too; default no bound. */
  readonly maxCpuMs?: number
  /** It ends after so many findings, too; default 10. */
  readonly maxFindings?: number
  /** Told every half a minute. */
  report?(progress: Progress): void
}

export interface Progress {
  readonly runs: number
  /** Branches taken, of those there are in all modules, of which a target reaches a part. */
  readonly branches: number
  readonly corpus: number
  readonly findings: readonly Finding[]
}

export interface Finding {
  readonly fault: string
  readonly input: string
  /** After how many inputs it was found. */
  readonly runs: number
}

export interface SearchResult extends Progress {
  /** Branches that the corpus and the seeds took by themselves. */
  readonly branchesAtFirst: number
  /** Inputs that led somewhere new. */
  readonly inputs: readonly string[]
  /** What the heap has grown by since corpus and seeds were run, in bytes. */
  readonly heapGrowth: number
}

const reportEveryMs = 30_000

export async function search(code: CodeUnderTest, target: Target, options: SearchOptions): Promise<SearchResult> {
  const { seed, maxRuns, maxCpuMs = Number.POSITIVE_INFINITY, maxFindings = 10, report } = options
  const random = createRandom(seed)
  const seen = createSeenBranches(code)
  const own = target.words ?? []
  const inputs: string[] = []
  const findings: Finding[] = []
  let runs = 0

  function tryInput(input: string): void {
    seen.begin()
    const fault = faultOf(target, input)
    runs += 1
    if (seen.note() > 0) inputs.push(input)
    if (fault === undefined) return
    const isKnown = findings.some((finding) => finding.fault === fault)
    if (isKnown) return
    findings.push({ fault, input: shorten(target, input, fault), runs })
    report?.(progress())
  }
  const progress = (): Progress => ({ runs, branches: seen.taken, corpus: inputs.length, findings })

  for (const input of [...options.corpus, ...target.seeds]) tryInput(input)
  const branchesAtFirst = seen.taken
  const heapAtFirst = heapUsed()
  const before = process.cpuUsage()
  let nextReport = performance.now() + reportEveryMs
  while (runs < maxRuns && findings.length < maxFindings) {
    if (runs % 64 === 0) {
      const { user, system } = process.cpuUsage(before)
      if ((user + system) / 1000 > maxCpuMs) break
      const now = performance.now()
      if (now > nextReport) {
        report?.(progress())
        // For the report to be seen.
        await setImmediate()
        nextReport = now + reportEveryMs
      }
    }
    tryInput(target.make && random.chance(0.2) ? target.make(random).slice(0, target.maxLength) : nextInput())
  }
  return { ...progress(), branchesAtFirst, inputs, heapGrowth: heapUsed() - heapAtFirst }

  function nextInput(): string {
    // A third of the time the newest, for there the search stands; a third what is right, for most faults are near to it.
    const newest = Math.max(0, inputs.length - 20)
    const from = random.pick([inputs, inputs.slice(newest), target.seeds])
    const text = random.pick(from.length > 0 ? from : [''])
    const words = own.length > 0 && random.chance(0.5) ? own : code.words
    return changeInput(text, random, { words, other: random.pick(inputs) }, target.maxLength)
  }
}

function heapUsed(): number {
  collect()
  return process.memoryUsage().heapUsed
}
