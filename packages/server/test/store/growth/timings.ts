/** Times of the same work on databases of several sizes, and what they come to. */
import type { Random } from './random.js'

export type Timed = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Does its work once, and has the part that counts timed. */
export type Operation = (timed: Timed) => Promise<void>

/** Of one database, by name. */
export type Operations = Readonly<Record<string, Operation>>

/**
 * Runs every operation on every database once a round, in another order each round, one at a time: what else this machine does
 * meets all of them alike. The first rounds do not count. Answers the milliseconds of each, as `times[i][name]`.
 */
export async function timeInterleaved(
  databases: readonly Operations[],
  { rounds, warmUpRounds }: { readonly rounds: number; readonly warmUpRounds: number },
  random: Random,
): Promise<readonly Readonly<Record<string, number[]>>[]> {
  const times = databases.map((operations) =>
    Object.fromEntries(Object.keys(operations).map((name): [string, number[]] => [name, []])),
  )
  const all = databases.flatMap((operations, i) => Object.entries(operations).map(([name, run]) => ({ i, name, run })))
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const { i, name, run } of random.shuffle(all)) {
      await run(async (work) => {
        const began = performance.now()
        const result = await work()
        if (round >= 0) times[i]?.[name]?.push(performance.now() - began)
        return result
      })
    }
  }
  return times
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number
}

export const median = (values: readonly number[]) => quantile(values, 0.5)

/** Columns of equal width. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
