/** What else a password must have beside the words that anybody would try for this person, in code points. */
const leastOthers = 8
/** Shorter ones stand in many passwords by chance. */
const leastWordLength = 3
/** Composing a text takes longer than its length says, and no account that can be registered has more units. */
const maxWordUnits = 512

/** The words that an attacker tries for a person at this server. */
export interface ExpectedWords {
  readonly account: string
  readonly nickname: string
  /** The URL of the server. */
  readonly issuer: string
}

/**
 * Whether a password mainly consists of the account, what stands before its @, the nickname, `latchkey`, and the issuer's host
 * name and its labels: fewer than eight other characters are left when they are taken out, in any case and in any form that
 * NFKC makes one (`ＡＮＮ`, `ﬁ`). Words of one or two characters do not count, nor does the host's last label.
 */
export function consistsOfExpectedWords(password: string, expected: ExpectedWords): boolean {
  const whole = fold(password)
  let rest = whole
  for (const word of wordsOf(expected)) rest = rest.replaceAll(word, '')
  return rest !== whole && [...rest].length < leastOthers
}

/** The longest first: an account holds its own local part. */
function wordsOf({ account, nickname, issuer }: ExpectedWords): readonly string[] {
  const { hostname } = new URL(issuer)
  const local = account.slice(0, Math.max(account.lastIndexOf('@'), 0))
  return [account, local, nickname, 'latchkey', hostname, ...hostname.split('.').slice(0, -1)]
    .filter((word) => word.length <= maxWordUnits)
    .map(fold)
    .filter((word) => word.length >= leastWordLength)
    .sort((one, other) => other.length - one.length)
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim()
}
