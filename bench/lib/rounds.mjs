/** Contestants in one process, in turns: whatever else the machine does meets all of them alike. */

/**
 * A contestant: `name`; `prepare(count)` makes as many inputs, which is not timed; `run(inputs)` works through them, or answers
 * a promise of that.
 */

const warmUpRounds = 2
const batchMs = 60
const nanoseconds = 1e6

/**
 * Times every contestant once a round, in another order each round. Answers for each the nanoseconds of one piece of work, a
 * figure a round.
 */
export async function measure(contestants, { rounds }) {
  const counts = new Map()
  for (const contestant of contestants) counts.set(contestant, await countFor(contestant))
  const times = new Map(contestants.map((contestant) => [contestant, []]))
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const contestant of shuffled(contestants)) {
      const count = counts.get(contestant)
      const ms = await time(contestant, count)
      if (round >= 0) times.get(contestant).push((ms / count) * nanoseconds)
    }
  }
  return contestants.map((contestant) => ({ name: contestant.name, times: times.get(contestant) }))
}

/** How many fill a batch. */
async function countFor(contestant) {
  let count = 50
  for (;;) {
    const ms = await time(contestant, count)
    if (ms > batchMs / 2) return Math.max(1, Math.round((count * batchMs) / ms))
    count *= 2
  }
}

async function time(contestant, count) {
  const inputs = contestant.prepare(count)
  const began = performance.now()
  await contestant.run(inputs)
  return performance.now() - began
}

function shuffled(list) {
  const copy = [...list]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j], copy[i]]
  }
  return copy
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** By how much `one` is faster than `base`: the median of the ratios of each round, and the least and greatest. */
export function speedRatio(one, base) {
  const ratios = one.times.map((ns, round) => base.times[round] / ns)
  return { median: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) }
}
