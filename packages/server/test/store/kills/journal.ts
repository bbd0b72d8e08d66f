/** What the clients of a run were told, what was counted, and which promises were broken. */
import type { Session } from './session.js'

export interface User {
  readonly account: string
  secret: string
  /** Changed since: none of them may log in. */
  readonly oldSecrets: string[]
  /** Every login that was acknowledged. */
  readonly sessions: Session[]
  /** Labels of logins whose answer was lost: each may have begun a session that nobody has a token of, or not. */
  readonly lostLogins: Set<string>
  /** Sids of such sessions that were ended since. */
  readonly endedSids: Set<string>
}

const none = {
  kills: 0,
  registrations: 0,
  logins: 0,
  refreshes: 0,
  /** The same refresh token at two servers at once. */
  races: 0,
  /** The same refresh token again, after its answer had arrived. */
  repeats: 0,
  revocations: 0,
  secretChanges: 0,
  /** Changes of a password whose answer was lost, and the pair in it. */
  secretChangesLost: 0,
  /** Access tokens shown, good ones and refused ones. */
  decisions: 0,
  /** Requests that nobody listened for. */
  unsent: 0,
  /** Requests that broke off, or got 503: what they asked for may have happened or not. */
  unknown: 0,
  /** Refreshes that were acknowledged only after one of unknown outcome. */
  retried: 0,
  /** Those that certainly got the answer that had been lost: it was made in an earlier second than it was asked for. */
  recovered: 0,
  /** Tried again later than an answer is repeated, since no server could be reached: the session is over, as it must be. */
  tooLate: 0,
  /** From the first time a refresh token was sent to its answer. */
  longestRetryMs: 0,
  /** From the acknowledgement of a revocation to the last acceptance of its access token. */
  longestAcceptedMs: 0,
  /** The same where the database had been away: from when both had happened. */
  longestHealingMs: 0,
  longestAnswerMs: 0,
}

export type Figures = typeof none

export class Journal {
  readonly figures: Figures = { ...none }
  readonly violations: string[] = []
  readonly users: User[] = []
  readonly #startedAtMs = performance.now()

  /** Writes it down, with all that happened to the session. */
  violate(what: string, session?: Session): void {
    this.violations.push([`${this.moment()} ${what}`, ...(session?.history ?? [])].join('\n    '))
  }

  moment(): string {
    return `${((performance.now() - this.#startedAtMs) / 1000).toFixed(3)} s:`
  }
}

export function addUser(journal: Journal, account: string, secret: string): User {
  const user = {
    account,
    secret,
    oldSecrets: [],
    sessions: [],
    lostLogins: new Set<string>(),
    endedSids: new Set<string>(),
  }
  journal.users.push(user)
  return user
}
