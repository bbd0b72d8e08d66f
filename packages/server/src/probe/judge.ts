/** What an answer to a request that should be refused says. `docs/guides/probe.md` has the same rules in words. */
import type { Outcome } from './report.js'
import type { Answer } from './sender.js'

export interface Verdict {
  readonly outcome: Outcome
  readonly message: string
}

/** The other answers of the same operation, to compare with. */
export interface Known {
  /** To the good token. */
  readonly control: Answer | undefined
  /** To no credential. */
  readonly bare: Answer
  /** To a text that is no token. */
  readonly noToken: Answer | undefined
}

/** The same status, and where it leads elsewhere, the same place. */
export function isAlike(one: Answer, other: Answer): boolean {
  return one.status === other.status && placeOf(one) === placeOf(other)
}

/** An answer to no credential at all. */
export function judgeBare(answer: Answer, control: Answer | undefined): Verdict {
  const { status } = answer
  const plain = judgeStatus(status)
  if (plain !== undefined) return plain
  const isControl = control !== undefined && isAlike(answer, control)
  if (isRedirect(status)) {
    return isControl
      ? { outcome: 'open', message: `${status} to the same place as for the good token` }
      : { outcome: 'held', message: `${status} to another origin` }
  }
  if (saysNothingIsThere(status)) {
    if (control !== undefined && !isControl) return { outcome: 'held', message: `${status}, other than the good token` }
    const beside = control === undefined ? 'the good token was not sent' : 'the good token gets the same'
    return { outcome: 'warned', message: `${status} without a credential, and ${beside}: a guard is not to be seen` }
  }
  if (hasChallenge(answer)) return { outcome: 'held', message: `${status} with WWW-Authenticate` }
  return { outcome: 'warned', message: `${status} before the credential was looked at` }
}

/** An answer to a credential that must not count. `isMalformed`: one that no scheme allows, so that 400 is a refusal of it. */
export function judgeCredential(answer: Answer, known: Known, isMalformed: boolean): Verdict {
  const { status } = answer
  const { control, bare, noToken } = known
  const plain = judgeStatus(status)
  if (plain !== undefined) return plain
  if (hasChallenge(answer)) return { outcome: 'held', message: `${status} with WWW-Authenticate` }
  if (isAlike(answer, bare)) return judgeBare(answer, control)
  if (isMalformed && status === 400) return { outcome: 'held', message: '400, since it is no credential' }
  if (control !== undefined) {
    return isAlike(answer, control)
      ? { outcome: 'open', message: `${status}, as for the good token, where no credential gets ${bare.status}` }
      : { outcome: 'held', message: `${status}, other than the good token` }
  }
  if (noToken !== undefined && isAlike(answer, noToken)) {
    return { outcome: 'held', message: `${status}, as for a text that is no token` }
  }
  if (isRedirect(status)) return { outcome: 'warned', message: `${status} where no credential gets ${bare.status}` }
  return {
    outcome: 'open',
    message: `${status} where no credential gets ${bare.status}: it was let in and failed later`,
  }
}

/** An answer to another path or method without a credential. `nowhere` is that to a path that cannot be there. */
export function judgeDetour(answer: Answer, nowhere: Answer | undefined): Verdict {
  const { status, body } = answer
  if (isSuccess(status)) {
    return nowhere !== undefined && nowhere.status === status && nowhere.body === body
      ? { outcome: 'held', message: `${status}, word for word as for a path that is nowhere` }
      : { outcome: 'open', message: `${status} without a credential` }
  }
  // Not Implemented, HTTP Version Not Supported: what unknown methods are answered.
  if (status >= 500 && status !== 501 && status !== 505) return { outcome: 'broke', message: `${status}` }
  return { outcome: 'held', message: `${status}` }
}

/** An answer to a token that lacks a scope. */
export function judgeNarrow(answer: Answer, control: Answer | undefined): Verdict {
  const { status } = answer
  if (isSuccess(status)) return { outcome: 'open', message: `${status} for a token without the scope` }
  if (status >= 500) return { outcome: 'broke', message: `${status} for a token without the scope` }
  if (status === 403) return { outcome: 'held', message: '403' }
  if (status === 401) return { outcome: 'warned', message: '401 instead of 403: the low token itself may be refused' }
  const isControl = control !== undefined && isAlike(answer, control)
  if (saysNothingIsThere(status) && !isControl) return { outcome: 'held', message: `${status}` }
  const beside = isControl ? ', as for the good token' : ''
  return { outcome: 'warned', message: `${status}${beside}: whether the scope was looked at is not to be seen` }
}

/** An answer to a token that has all that is asked. */
export function judgeSufficient({ status }: Answer): Verdict {
  if (status >= 500) return { outcome: 'broke', message: `${status} for the low token` }
  return status === 401 || status === 403
    ? { outcome: 'warned', message: `${status} for the low token, though the file asks for no scope that it lacks` }
    : { outcome: 'held', message: `${status}, let in as it should be` }
}

/** Why the good token was not let in; undefined when it was. */
export function whyNotLetIn({ status }: Answer): string | undefined {
  if (status >= 500 || [401, 403, 405, 407, 429].includes(status)) return `the good token gets ${status}`
  return undefined
}

/** Whether an answer without a credential tells nothing of a guard, whatever the good token gets. */
export function saysNothingIsThere(status: number): boolean {
  return status === 404 || status === 405 || status === 410
}

function judgeStatus(status: number): Verdict | undefined {
  if (isSuccess(status)) return { outcome: 'open', message: `let in with ${status}` }
  if (status >= 500) return { outcome: 'broke', message: `broke with ${status}` }
  return status === 401 || status === 403 ? { outcome: 'held', message: `${status}` } : undefined
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400
}

/** Names a credential as what is missing or wrong (RFC 9110 section 11.6.1). */
function hasChallenge({ headers }: Answer): boolean {
  return headers['www-authenticate'] !== undefined
}

function placeOf({ status, headers: { location } }: Answer): string | undefined {
  return isRedirect(status) ? location?.replace(/[?#].*$/s, '') : undefined
}
