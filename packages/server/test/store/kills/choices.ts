import { createHash } from 'node:crypto'

export interface Choices {
  /** A whole number, both ends included. */
  between(least: number, most: number): number
  /** True in this share of all cases. */
  happens(share: number): boolean
  oneOf<Item>(list: readonly Item[]): Item
}

/** Random choices that a seed repeats. Each name has a row of its own, so that none depends on who of several is quicker. */
export function createChoices(seed: number, name: string): Choices {
  let drawn = 0
  const random = () => createHash('sha256').update(`${seed} ${name} ${++drawn}`).digest().readUInt32BE() / 2 ** 32
  const between = (least: number, most: number) => least + Math.floor(random() * (most - least + 1))
  return {
    between,
    happens: (share) => random() < share,
    oneOf: <Item>(list: readonly Item[]) => list[between(0, list.length - 1)] as Item,
  }
}
