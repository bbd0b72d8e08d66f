import { expect, it } from 'vitest'
import { retryDelaySeconds } from './retry-delay.js'

/** All delays after the tries that fail, by the same chance. */
function delays(chance?: number): number[] {
  const list: number[] = []
  for (let delay = retryDelaySeconds(1, chance); delay !== undefined; ) {
    list.push(delay)
    delay = retryDelaySeconds(list.length + 1, chance)
  }
  return list
}

it('three times as long each time, to 12 hours, until three days are over', () => {
  const list = delays(0.5)
  expect(list).toEqual([5, 15, 45, 135, 405, 1215, 3645, 10_935, 32_805, ...Array(5).fill(43_200)])
  expect(list.reduce((sum, one) => sum + one, 0) / (24 * 3600)).toBeCloseTo(3.07, 2)
})

it('a fifth more or less, by chance', () => {
  expect([delays(0)[0], delays(0).at(-1)]).toEqual([4, 34_560])
  expect([delays(1)[0], delays(1).at(-1)]).toEqual([6, 51_840])
  expect(new Set(Array.from({ length: 20 }, () => delays()[8])).size).toBeGreaterThan(10)
})
