/** Changes to an input that know nothing of what it means. */
import type { Random } from '../random.js'

export interface Material {
  readonly words: readonly string[]
  /** Another input, to take parts of. */
  readonly other: string
}

type Change = (text: string, random: Random, material: Material) => string

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const common = [
  ...alphabet,
  ...'{}[]",:.=+/\\ \n\t\r\0!*e',
  '\u007f',
  '\u0080',
  '\u00ff',
  '\ufeff',
  '\ud800',
  '\udc00',
  '😀',
]
const numbers = ['0', '-0', '1', '-1', '31', '32', '33', '2147483646', '2147483647', '9007199254740992', '1e400', '1.5']

const replace = (text: string, at: number, length: number, by: string) =>
  text.slice(0, at) + by + text.slice(at + length)
/** Anywhere, but oftener where a word begins or ends. */
const place = (text: string, random: Random) => {
  const at = random.below(text.length + 1)
  if (random.chance(0.7)) return at
  const found = text.slice(at).search(/\b/)
  return found < 0 ? text.length : at + found
}
const stretch = (text: string, random: Random) => {
  const at = place(text, random)
  return [at, Math.min(text.length - at, 1 + random.below(random.chance(0.7) ? 8 : 64))] as const
}

const changes: readonly Change[] = [
  // One bit of one character.
  (text, random) => {
    const at = random.below(Math.max(1, text.length))
    const bit = 1 << random.below(random.chance(0.9) ? 8 : 16)
    return replace(text, at, 1, String.fromCharCode((text.charCodeAt(at) || 0) ^ bit))
  },
  (text, random) => replace(text, place(text, random), 1, random.pick(common)),
  (text, random) => replace(text, place(text, random), 0, random.pick(common)),
  // The next of the alphabet: what only the unused bits of base64 tell apart.
  (text, random) => {
    const ends = [...text.matchAll(/[A-Za-z0-9_-](?![A-Za-z0-9_-])/g)]
    if (ends.length === 0) return text
    const { index, 0: letter } = random.pick(ends)
    return replace(text, index, 1, alphabet[alphabet.indexOf(letter) ^ (1 + random.below(3))] as string)
  },
  // The same in the other alphabet of base64.
  (text, random) => {
    const found = [...text.matchAll(/[-_+/]/g)]
    if (found.length === 0) return text
    const { index, 0: letter } = random.pick(found)
    return replace(text, index, 1, '+/-_'['-_+/'.indexOf(letter)] as string)
  },
  (text, random) => {
    const [at, length] = stretch(text, random)
    return replace(text, at, length, '')
  },
  (text, random) => {
    const [at, length] = stretch(text, random)
    return replace(text, place(text, random), 0, text.slice(at, at + length))
  },
  // Once more, or many times.
  (text, random) => {
    const [at, length] = stretch(text, random)
    return replace(text, at, 0, text.slice(at, at + length).repeat(1 + random.below(random.chance(0.8) ? 2 : 40)))
  },
  (text, random, { other }) => {
    const [at, length] = stretch(other, random)
    return replace(text, place(text, random), random.chance(0.5) ? length : 0, other.slice(at, at + length))
  },
  (text, random, { other }) => text.slice(0, place(text, random)) + other.slice(place(other, random)),
  (text, random, { words }) => replace(text, place(text, random), random.below(4), random.pick(words)),
  // A word for a word.
  (text, random, { words }) => {
    const found = [...text.matchAll(/[\w+-]+/g)]
    if (found.length === 0) return text
    const { index, 0: word } = random.pick(found)
    return replace(text, index, word.length, random.pick(words))
  },
  (text, random) => {
    const found = [...text.matchAll(/\d+/g)]
    if (found.length === 0) return text + random.pick(numbers)
    const { index, 0: number } = random.pick(found)
    const near = String(Number(number) + random.below(5) - 2)
    return replace(text, index, number.length, random.chance(0.5) ? near : random.pick(numbers))
  },
  (text, random) => {
    const at = place(text, random)
    const letter = text.charAt(at)
    return replace(text, at, 1, letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase())
  },
  // A letter as JSON may write it.
  (text, random) => {
    const at = place(text, random)
    const code = text.charCodeAt(at) || 0xd800
    return replace(text, at, 1, `\\u${code.toString(16).padStart(4, '0')}`)
  },
]

/** The text after one to eight changes, at most `maxLength` long. */
export function changeInput(text: string, random: Random, material: Material, maxLength: number): string {
  let changed = text
  for (let i = random.chance(0.5) ? 1 : 1 << random.below(4); i > 0; i--)
    changed = random.pick(changes)(changed, random, material)
  return changed.slice(0, maxLength)
}
