import { type Count, type Counted, type Counters, type Taken, tooMany } from './counters.js'

/** Who has more addresses than this is stopped by no limit; they must not fill the memory. */
const maxKeys = 100_000

/** Counts in this process alone. `now` answers seconds. */
export function createMemoryCounters({ now }: { now(): number }): Counters {
  /** In the order in which their time began. */
  const counts = new Map<string, { -readonly [Name in keyof Count]: Count[Name] }>()

  function countOf({ key, seconds }: Counted) {
    const known = counts.get(key)
    if (known !== undefined && known.endsAt > now()) return known
    const count = { failed: 0, running: 0, endsAt: now() + seconds }
    counts.delete(key)
    counts.set(key, count)
    if (counts.size > maxKeys) counts.delete(counts.keys().next().value as string)
    return count
  }

  function take(list: readonly Counted[]): Taken {
    const taken = list.map((counted) => {
      const count = countOf(counted)
      if (count.failed + count.running >= counted.places) throw tooMany(counted, count, now())
      return count
    })
    for (const count of taken) count.running++
    return {
      async end(failed: boolean) {
        for (const count of taken) {
          count.running--
          if (failed) count.failed++
        }
      },
    }
  }
  return Object.freeze({ take: async (list: readonly Counted[]) => take(list) })
}
