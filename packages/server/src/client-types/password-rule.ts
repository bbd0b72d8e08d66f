import { isCommonPassword } from './common-passwords.js'

const minLength = 8
const maxLength = 128
/** What is hashed at most, of registering and logging in alike; 128 characters never have more. */
export const maxSecretBytes = 512

/**
 * Why `password` cannot be chosen: its length in Unicode code points, or that it is among the first an attacker tries. Any
 * character counts and stays as it is; nothing is trimmed or normalised. The sentences never hold it.
 */
export async function passwordReasons(password: string): Promise<string[]> {
  const length = codePoints(password)
  if (length < minLength || length > maxLength) return [`must be ${minLength} to ${maxLength} characters long`]
  if (!isWellFormed(password)) return ['must be well-formed Unicode']
  return (await isCommonPassword(password)) ? ['must not be one of the most common passwords'] : []
}

/** Why this cannot be anybody's password, at a login: shorter ones may have been imported, longer ones never exist. */
export function passwordAttemptReasons(password: string): string[] {
  return password === '' || codePoints(password) > maxLength ? [`must be 1 to ${maxLength} characters long`] : []
}

function codePoints(text: string): number {
  // A code point is two units at most; nothing longer is worth counting.
  return text.length > 2 * maxLength ? Number.POSITIVE_INFINITY : [...text].length
}

/** A lone surrogate has no UTF-8 of its own: all of them would be one password. */
function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text)
}
