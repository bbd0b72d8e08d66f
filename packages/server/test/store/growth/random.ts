import { createHash } from 'node:crypto'

export interface Random {
  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number
  /** The same items in any order. */
  shuffle<Item>(items: readonly Item[]): Item[]
}

/** The same choices for the same seed. */
export function createRandom(seed: number): Random {
  let drawn = 0
  const below = (bound: number) => createHash('sha256').update(`${seed} ${++drawn}`).digest().readUIntBE(0, 6) % bound
  return {
    below,
    shuffle(items) {
      const left = [...items]
      return items.map(() => left.splice(below(left.length), 1)[0] as (typeof items)[0])
    },
  }
}
