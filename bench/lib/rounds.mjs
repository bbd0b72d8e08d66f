/**
 * Contestants in one process, in turns of a few milliseconds: whatever else the machine does meets all of them alike. What is
 * timed is the CPU of the process, all its threads together, which does not go on while somebody else has the core.
 */
import process from 'node:process'

/**
 * A contestant: `name`; `prepare(count)` makes as many inputs, which is not timed; `run(inputs)` works through them, or answers
 * a promise of that.
 */

const turnMs = 4
const warmMs = 100
const roundMs = 120
const warmUpRounds = 3

/**
 * Times every contestant in many short turns a round, in another order each turn. Answers for each the microseconds of CPU of one
 * piece of work, a figure a round.
 */
export async function measure(contestants, { rounds }) {
  const entries = []
  for (const contestant of contestants) {
    entries.push({ contestant, count: await countFor(contestant), values: [] })
  }
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const entry of entries) entry.ms = entry.done = 0
    for (;;) {
      // One whose turns became short, since its code was cold when it was counted, must not make the others go on.
      const unfinished = entries.filter(({ ms }) => ms < roundMs)
      if (unfinished.length === 0) break
      for (const entry of shuffled(unfinished)) {
        entry.ms += await time(entry.contestant, entry.count)
        entry.done += entry.count
      }
    }
    if (round >= 0) for (const entry of entries) entry.values.push((entry.ms / entry.done) * 1000)
  }
  return entries.map(({ contestant, values }) => ({ name: contestant.name, values }))
}

/** How many fill a turn, once the code is warm. */
async function countFor(contestant) {
  let count = 1
  for (;;) {
    await time(contestant, count)
    const ms = await time(contestant, count)
    if (ms > warmMs) return Math.max(1, Math.round((count * turnMs) / ms))
    count *= 2
  }
}

/** Milliseconds of CPU. */
async function time(contestant, count) {
  const inputs = contestant.prepare(count)
  const before = process.cpuUsage()
  const running = contestant.run(inputs)
  if (running !== undefined) await running
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

export function shuffled(list) {
  const copy = [...list]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j], copy[i]]
  }
  return copy
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** The least that so much of them, a part of 1, does not exceed. */
export const quantile = (values, part) => [...values].sort((a, b) => a - b)[Math.ceil(part * values.length) - 1]
