/** Which branches inputs have taken, and how often each in one run. */
import type { CodeUnderTest } from './code-under-test.js'

/** How often, in eight steps: once, twice, three times, up to 7, 15, 31, 127, and more. */
const steps = Uint8Array.from({ length: 256 }, (_, count) => {
  if (count < 4) return count === 0 ? 0 : 1 << (count - 1)
  if (count < 8) return 8
  if (count < 16) return 16
  if (count < 32) return 32
  return count < 128 ? 64 : 128
})

export interface SeenBranches {
  /** Clears the counters before a run. */
  begin(): void
  /** What the run has shown that none before it had; 0 for nothing. */
  note(): number
  /** Each branch that the run has taken, with its step, as one number. */
  features(): readonly number[]
  /** How many branches were taken by any input. */
  readonly taken: number
}

export function createSeenBranches({ counters, branches }: CodeUnderTest): SeenBranches {
  const used = counters.subarray(0, branches)
  const seen = new Uint8Array(branches)
  return {
    begin: () => used.fill(0),
    note() {
      let news = 0
      for (let i = 0; i < branches; i++) {
        const step = steps[used[i] as number] as number
        if ((step & ~(seen[i] as number)) === 0) continue
        seen[i] = (seen[i] as number) | step
        news += 1
      }
      return news
    },
    features() {
      const found: number[] = []
      for (let i = 0; i < branches; i++) if (used[i] !== 0) found.push(i * 256 + (steps[used[i] as number] as number))
      return found
    },
    get taken() {
      return seen.reduce((sum, step) => sum + (step === 0 ? 0 : 1), 0)
    },
  }
}
