/** Whether figures of a run stay as they are. */
import { median } from '../store/growth/timings.js'

export interface Flatness {
  /** Of the last third to that of the second third. */
  readonly ratioOfMedians: number
  /** What they gain over the last two thirds by the slope of Theil and Sen, in parts of their median there. */
  readonly gain: number
  readonly isFlat: boolean
}

const greatestRatio = 1.1
const greatestGain = 0.05

/** Of values taken at equal times. The first third is for warming up, and does not count. */
export function flatness(values: readonly number[]): Flatness {
  const third = Math.floor(values.length / 3)
  const second = values.slice(third, 2 * third)
  const last = values.slice(2 * third)
  const both = [...second, ...last]
  if (third === 0) return { ratioOfMedians: Number.NaN, gain: Number.NaN, isFlat: false }
  const ratioOfMedians = median(last) / median(second)
  const gain = (slope(both) * (both.length - 1)) / median(both)
  return { ratioOfMedians, gain, isFlat: ratioOfMedians <= greatestRatio && gain <= greatestGain }
}

/**
 * Whether the last third lies below the greatest of the first. What a process has from the system falls when it is left alone,
 * and comes back: that is no growth.
 */
export function isBelowItsPeak(values: readonly number[]): boolean {
  const third = Math.floor(values.length / 3)
  return third > 0 && median(values.slice(2 * third)) <= Math.max(...values.slice(0, third))
}

/** From one value to the next: the median of the slopes between any two (Theil 1950, Sen 1968). */
function slope(values: readonly number[]): number {
  const slopes = values.flatMap((value, i) => values.slice(i + 1).map((later, j) => (later - value) / (j + 1)))
  return median(slopes)
}
