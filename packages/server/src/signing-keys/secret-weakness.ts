import { isPublishedSecret } from './published-secrets.js'

const leastDistinct = 6
/** Of the steps from one character to the next, in a text that counts up or down. */
const mostInRow = 0.75

/**
 * Why a secret must not be used although it is long enough, as it stands after "is"; undefined when nothing was found. Finds
 * what was published, repeats itself, counts up or down, or has next to no characters. A sentence passes: it cannot be told from
 * chance by counting.
 */
export function weaknessOf(secret: string): string | undefined {
  const characters = [...secret]
  const period = periodOf(characters)
  if (period === 1) return 'one character again and again'
  if (period <= characters.length / 2) return `a text of ${period} characters again and again`
  if (isCounting(characters)) return 'a row of characters that follow one another'
  if (new Set(characters).size < leastDistinct) return `made of fewer than ${leastDistinct} characters`
  return isPublishedSecret(secret) ? 'on lists of published secrets' : undefined
}

/** After how many characters the text repeats itself to its end; its length when it does not. */
function periodOf(characters: readonly string[]): number {
  const repeats = (period: number) => characters.every((one, i) => i < period || one === characters[i - period])
  for (let period = 1; period <= characters.length / 2; period++) if (repeats(period)) return period
  return characters.length
}

function isCounting(characters: readonly string[]): boolean {
  const steps = characters.slice(1).map((one, i) => (one.codePointAt(0) ?? 0) - (characters[i]?.codePointAt(0) ?? 0))
  return steps.filter((step) => step === 1 || step === -1).length >= steps.length * mostInRow
}
