/** Access tokens: which are accepted, and from when on they are refused. */
import { type Calls, type Reply, sleep } from './calls.js'
import { ask, type Client } from './client.js'
import type { Journal } from './journal.js'
import { type Entry, judgeList } from './list.js'
import type { Session } from './session.js'

/** Within that an acknowledged end is in force at every server that is ready by its own word. */
const promisedMs = 1000
/** One that was cut off from its database is not, and must be again within that. */
const healsWithinMs = 10_000
const path = '/v1/user/sessions'

/** Shows a good token and reads the list; ends a session that nobody has a token of now and then. */
export async function useToken(client: Client, session: Session): Promise<void> {
  const { journal, choices, user } = client
  const token = choices.oneOf(session.accessTokens)
  const name = `use ${session.accessTokens.indexOf(token) + 1} of ${session.accessTokens.length} tokens`
  const { status, json } = await ask(client, () => ({ method: 'GET', path, token }), { name, session })
  journal.figures.decisions++
  if (status === 401 && json.code === 'token_revoked' && session.state === 'unsure') return session.end()
  if (status !== 200) return journal.violate(`a good token was refused: ${status} ${json.code}`, session)
  const [lost] = judgeList(journal, user, json.sessions as Entry[], 'a server')
  if (lost !== undefined && choices.happens(0.5)) await endLost(client, session, lost)
}

async function endLost(client: Client, session: Session, { sid }: Entry): Promise<void> {
  const token = session.accessTokens.at(-1) as string
  const make = () => ({ method: 'DELETE', path: `${path}/${sid}`, token })
  const { status, json, wasUnknown } = await ask(client, make, { name: 'end a lost login', session })
  const isEnded = status === 202 || (status === 404 && wasUnknown)
  if (isEnded) client.user.endedSids.add(sid)
  else if (session.state === 'live')
    client.journal.violate(`a lost login could not be ended: ${status} ${json.code}`, session)
}

type Watching = Pick<Client, 'calls' | 'journal' | 'calmSinceMs' | 'watching'>

/** Shows the newest token, which is over, to every server until it is refused. */
export function watchRefusal(client: Watching, session: Session): void {
  const { calls, watching } = client
  const token = session.accessTokens.at(-1) as string
  const ackedAtMs = performance.now()
  for (let server = 0; server < calls.count; server++) {
    const one = watchServer(client, session, token, server, ackedAtMs).finally(() => watching.delete(one))
    watching.add(one)
  }
}

async function watchServer(
  client: Watching,
  session: Session,
  token: string,
  server: number,
  ackedAtMs: number,
): Promise<void> {
  const { calls, journal } = client
  const { figures } = journal
  while (!calls.isClosed()) {
    // Before: whoever is ready knows everything that was acknowledged a second ago.
    const readiness = await calls.send(server, { method: 'GET', path: '/readyz' })
    const reply = await calls.send(server, { method: 'GET', path, token })
    if (typeof reply !== 'string') {
      figures.decisions++
      if (reply.status !== 200) return judgeRefusal(journal, session, reply)
      const isReady = typeof readiness !== 'string' && readiness.status === 200
      const lateMs = isReady
        ? readiness.sentAtMs - ackedAtMs
        : reply.sentAtMs - Math.max(ackedAtMs, client.calmSinceMs())
      const figure = isReady ? 'longestAcceptedMs' : 'longestHealingMs'
      figures[figure] = Math.max(figures[figure], lateMs)
      if (lateMs > (isReady ? promisedMs : healsWithinMs)) {
        return journal.violate(`server ${server + 1} accepted a token ${lateMs.toFixed(0)} ms after its end`, session)
      }
    }
    await sleep(50)
  }
}

function judgeRefusal(journal: Journal, session: Session, { status, json }: Reply): void {
  if (status === 401 && json.code === 'token_revoked') return
  journal.violate(`a token that is over got ${status} ${json.code ?? ''}`, session)
}

/** Shows a token of a session that ended long ago: no server may have forgotten it. */
export async function useEnded(client: Client): Promise<void> {
  const { journal, choices, user, calmSinceMs } = client
  const wasAway = calmSinceMs() !== Number.NEGATIVE_INFINITY
  const inForceMs = performance.now() - (wasAway ? healsWithinMs : promisedMs)
  const ended = user.sessions.filter(({ endedAtMs }) => endedAtMs < inForceMs)
  if (ended.length === 0) return
  const session = choices.oneOf(ended)
  if (choices.happens(0.5)) {
    const body = { refresh_token: session.refreshToken }
    const make = () => ({ method: 'POST', path: '/v1/token/refresh', body })
    const { status, json } = await ask(client, make, { name: 'refresh after the end', session })
    if (status !== 401 || json.code !== 'refresh_invalid') {
      journal.violate(`a refresh after the end: ${status} ${json.code}`, session)
    }
    return
  }
  const token = session.accessTokens.at(-1) ?? session.refusedTokens.at(-1)
  const make = () => ({ method: 'GET', path, token: token as string })
  const reply = await ask(client, make, { name: 'use after the end', session })
  journal.figures.decisions++
  judgeRefusal(journal, session, reply)
}

/** Shows to a server that has just started again what ended lately: it was read before the first request. */
export async function showEnded(calls: Calls, journal: Journal, server: number): Promise<void> {
  const inForceMs = performance.now() - promisedMs
  const ended = journal.users.flatMap(({ sessions }) => sessions).filter(({ endedAtMs }) => endedAtMs < inForceMs)
  const latest = ended.sort((one, other) => other.endedAtMs - one.endedAtMs).slice(0, 5)
  for (const session of latest) {
    const token = session.accessTokens.at(-1) ?? session.refusedTokens.at(-1)
    const reply = await calls.send(server, { method: 'GET', path, token: token as string })
    if (typeof reply === 'string') continue
    journal.figures.decisions++
    judgeRefusal(journal, session, reply)
  }
}
