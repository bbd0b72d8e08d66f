import { holdsControlCharacters } from './control-characters.js'

const maxLength = 64

/** Why a text cannot be the label of a session; undefined is none, and fine. */
export function labelReasons(label: string | undefined): string[] {
  if (label === undefined) return []
  return holdsControlCharacters(label) || [...label].length > maxLength
    ? [`must be at most ${maxLength} characters long, without control characters`]
    : []
}
