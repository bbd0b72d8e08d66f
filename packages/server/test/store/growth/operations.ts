/** What is timed on one database: the requests that grow could make slower, each on rows anywhere in its tables. */
import { createExchange } from '../bad-days/exchange.js'
import { accountOf, type KnownSession, secret } from './fill-sessions.js'
import type { Services } from './open-services.js'
import type { Random } from './random.js'
import type { Operations } from './timings.js'

export interface OperationParts {
  /** Of a server process. */
  readonly url: string
  /** The same database in this process. */
  readonly services: Services
  /** Half of them are refreshed and the others revoked, so there must be two for each round. */
  readonly known: readonly KnownSession[]
  readonly users: number
  readonly random: Random
}

/** The names are those of the printed table. Sessions that a login begins are ended again, so that users keep as many. */
export function createOperations({ url, services, known, users, random }: OperationParts) {
  const { exchange, close } = createExchange(url)
  const half = Math.floor(known.length / 2)
  let [listed, refreshed, revoked] = [half, 0, half]
  const anyUser = () => 1 + random.below(users)

  const operations: Operations = {
    async login(timed) {
      const form = { account: accountOf(anyUser()), secret, type: 100 }
      const answer = await timed(() => exchange('POST', '/v1/token', undefined, form))
      expectStatus(answer, 201)
      await services.revoke(JSON.parse(answer.text).refresh_token)
    },
    async 'login, not hashing, in process'(timed) {
      const uid = anyUser()
      const answer = await timed(() => services.login(uid))
      await services.revoke(answer.refresh_token as string)
    },
    async refresh(timed) {
      const { refreshToken } = known[refreshed++] as KnownSession
      const form = { refresh_token: refreshToken }
      expectStatus(await timed(() => exchange('POST', '/v1/token/refresh', undefined, form)), 201)
    },
    async revoke(timed) {
      const { refreshToken, sid, uid } = known[revoked++] as KnownSession
      const form = { token: refreshToken }
      expectStatus(await timed(() => exchange('POST', '/v1/token/revoke', undefined, form)), 200)
      const left = await services.list(uid, sid)
      if (left.some((session) => session.current)) throw new Error('A revoked session is still listed')
    },
    async 'session list'(timed) {
      const session = known[--listed] as KnownSession
      const token = services.accessToken(session)
      const answer = await timed(() => exchange('GET', '/v1/user/sessions', token))
      expectStatus(answer, 200)
      const { sessions } = JSON.parse(answer.text) as { sessions: { sid: string; current: boolean }[] }
      if (!sessions.some(({ sid, current }) => current && sid === session.sid)) throw new Error('It is not listed')
    },
  }
  return { operations, close }
}

function expectStatus({ status, text }: { status: number; text: string }, expected: number): void {
  if (status !== expected) throw new Error(`${status} instead of ${expected}: ${text}`)
}
