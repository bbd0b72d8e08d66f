/** The list of a user's sessions: exactly those that are live. */
import type { Journal, User } from './journal.js'
import type { Session } from './session.js'

export interface Entry {
  readonly sid: string
  readonly device: string | null
}

/** Writes down what is missing or too much; answers the sessions of logins whose answer was lost. */
export function judgeList(journal: Journal, user: User, entries: readonly Entry[], where: string): readonly Entry[] {
  const listed = new Set(entries.map(({ sid }) => sid))
  const known = new Map(user.sessions.map((session) => [session.sid, session]))
  const isWrong = ({ sid, state }: Session) =>
    state === 'live' ? !listed.has(sid) : state === 'ended' && listed.has(sid)
  for (const session of known.values()) {
    if (isWrong(session))
      journal.violate(`the list of ${where} is wrong about a session that is ${session.state}`, session)
  }
  const labels = new Set<string | null>()
  const lost = entries.filter(({ sid }) => !known.has(sid))
  for (const { sid, device } of lost) {
    const isPossible = device !== null && user.lostLogins.has(device) && !labels.has(device) && !user.endedSids.has(sid)
    if (!isPossible)
      journal.violate(`the list of ${where} has a session of ${user.account} that nobody began: ${device}`)
    labels.add(device)
  }
  return lost
}
