import { holdsControlCharacters } from '../sessions/control-characters.js'

const minLength = 2
const maxLength = 24

/** Composing a text takes longer than its length says, and no nickname is written with more units. */
const maxUnits = 256

/** The one spelling of a nickname: NFC, without white space around it. A text that is too long anyway stays as it is. */
export function normaliseNickname(nickname: string): string {
  return nickname.length > maxUnits ? nickname : nickname.normalize('NFC').trim()
}

/** Why `nickname`, normalised, cannot be one. Nicknames need not be unique. */
export function nicknameReasons(nickname: string): string[] {
  const length = [...nickname].length
  if (length < minLength || length > maxLength) return [`must be ${minLength} to ${maxLength} characters long`]
  return holdsControlCharacters(nickname) ? ['must not hold control characters'] : []
}
