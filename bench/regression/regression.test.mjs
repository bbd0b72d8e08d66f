/** What every request pays must not become dearer unnoticed: held against a reference in the same process, by ratios alone. */
import { expect, it } from 'vitest'
import { lowestRatios, mostProcesses, readExpected } from './lowest.mjs'

const mostLoss = 1.1
const expected = readExpected()

// Another version of Node or processor has another balance between the two: `record.mjs` records it.
it.skipIf(expected === undefined)(
  'no quick path takes a tenth more than when it was recorded',
  async () => {
    const isWithin = (name, ratio) => ratio <= expected[name] * mostLoss
    const lowest = await lowestRatios((ratios) =>
      Object.entries(ratios).every(([name, ratio]) => isWithin(name, ratio)),
    )
    expect(Object.keys(lowest)).toEqual(Object.keys(expected))
    const dearer = Object.entries(lowest).filter(([name, ratio]) => !isWithin(name, ratio))
    expect(dearer.map(([name, ratio]) => `${name}: ${ratio.toFixed(3)}, recorded ${expected[name]}`)).toEqual([])
  },
  mostProcesses * 60_000,
)
