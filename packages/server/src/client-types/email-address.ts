/**
 * Which texts are email addresses here. Wider than most forms (letters of every script, as RFC 6531 allows) and narrower than
 * RFC 5322: no quotes, comments, address literals or white space, and nothing invisible that could forge a mail header or
 * look like another address. That mail arrives there is for a mail to prove.
 */
const minLength = 5
const maxLength = 254
const localLength = 64

const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Z}]/u
const local = /^[^.@"(),:;<>[\]\\]+(?:\.[^.@"(),:;<>[\]\\]+)*$/u
const label = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?$/u

/** The one spelling of an address: NFC, lower case. The whole address, since no mail system in use tells `Ann` from `ann`. */
export function normaliseEmail(address: string): string {
  // Lower case of a composed letter can be a decomposed one.
  return address.normalize('NFC').toLowerCase().normalize('NFC')
}

/** Why `text` is none. The sentences do not hold it. */
export function emailReasons(text: string): string[] {
  // Before it is composed, which takes longer than its length says.
  if (text.length > 2 * maxLength) return [`must be ${minLength} to ${maxLength} characters long`]
  const address = normaliseEmail(text)
  const length = [...address].length
  if (length < minLength || length > maxLength) return [`must be ${minLength} to ${maxLength} characters long`]
  return isEmail(address) ? [] : ['must be an email address such as name@example.org']
}

/** Why no account can be spelled so, at a login: only its length tells. */
export function emailAttemptReasons(address: string): string[] {
  // A code point is two units at most; nothing longer is worth counting.
  const tooLong = address.length > 2 * maxLength || [...address].length > maxLength
  return address === '' || tooLong ? [`must be 1 to ${maxLength} characters long`] : []
}

function isEmail(address: string): boolean {
  if (invisible.test(address)) return false
  const at = address.lastIndexOf('@')
  const [name, domain] = [address.slice(0, at), address.slice(at + 1)]
  if (at < 1 || [...name].length > localLength || !local.test(name)) return false
  const labels = domain.split('.')
  return labels.length >= 2 && labels.every((one) => label.test(one)) && !/^\p{N}+$/u.test(labels.at(-1) as string)
}
