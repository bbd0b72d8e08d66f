/** The ends of sessions, by every way that a client has. */
import type { Answered, Request } from './calls.js'
import { ask, type Client, usableSessions } from './client.js'
import { judgeRefresh, requestOf } from './refresh.js'
import { watchRefusal } from './refusal.js'
import type { Session } from './session.js'

/** Until it is acknowledged. */
export async function revoke(client: Client, session: Session): Promise<void> {
  const { name, make, isDone } = wayToEnd(client, session)
  session.state = 'unsure'
  const answer = await ask(client, make, { name, session })
  judgeEnd(client, session, isDone(answer), answer)
}

/** Asks once, and leaves it at that: it may have ended or not. */
export async function revokeOnce(client: Client, session: Session): Promise<void> {
  const { name, make, isDone } = wayToEnd(client, session)
  const { calls, choices, journal } = client
  const server = choices.between(0, calls.count - 1)
  const outcome = await calls.send(server, make())
  if (outcome === 'unsent') return
  session.state = 'unsure'
  session.history.push(
    `${journal.moment()} ${name} once, server ${server + 1}: ${typeof outcome === 'string' ? outcome : outcome.status}`,
  )
  if (typeof outcome === 'string') return
  judgeEnd(client, session, isDone({ ...outcome, wasUnknown: false, firstSentAtMs: outcome.sentAtMs }), outcome)
}

/** While it is refreshed: whatever comes of that is refused as well. */
export async function revokeWhileRefreshing(client: Client, session: Session): Promise<void> {
  const { refreshToken, generation } = session
  const { name, make, isDone } = wayToEnd(client, session)
  session.state = 'unsure'
  const [ended, refreshed] = await Promise.all([
    ask(client, make, { name, session }),
    ask(client, requestOf(refreshToken), { name: `refresh ${generation} meanwhile`, session }),
  ])
  judgeRefresh(client, session, refreshToken, generation, refreshed)
  judgeEnd(client, session, isDone(ended), ended)
}

interface Way {
  readonly name: string
  readonly make: () => Request
  readonly isDone: (answer: Answered) => boolean
}

function wayToEnd({ choices, user }: Client, session: Session): Way {
  const token = session.accessTokens.at(-1) as string
  const wasUnsure = session.state === 'unsure'
  const other = usableSessions(user).find((one) => one !== session && one.state === 'live')
  const way = choices.oneOf(['access token', 'refresh token', 'list', 'list of another'] as const)
  if (way === 'access token' || way === 'refresh token' || (way === 'list of another' && other === undefined)) {
    const body = { token: way === 'refresh token' ? session.refreshToken : token }
    return {
      name: `revoke by the ${way}`,
      make: () => ({ method: 'POST', path: '/v1/token/revoke', body }),
      isDone: ({ status }) => status === 200,
    }
  }
  const asking = way === 'list' ? token : (other?.accessTokens.at(-1) as string)
  return {
    name: `end by the ${way}`,
    make: () => ({ method: 'DELETE', path: `/v1/user/sessions/${session.sid}`, token: asking }),
    // Once it has ended, it is not there any more, nor is its own token good.
    isDone: ({ status, json, wasUnknown }) =>
      status === 202 ||
      ((wasUnknown || wasUnsure) && (json.code === 'not_found' || (asking === token && json.code === 'token_revoked'))),
  }
}

function judgeEnd(
  client: Client,
  session: Session,
  isDone: boolean,
  { status, json }: { status: number; json: { code?: string } },
): void {
  const { journal } = client
  if (!isDone) return void journal.violate(`it could not be ended: ${status} ${json.code}`, session)
  journal.figures.revocations++
  session.end()
  watchRefusal(client, session)
}
