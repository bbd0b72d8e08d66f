import { codeOf, isCurable, parse } from './ask-server.js'
import { startWatch, untilAborted } from './elapsed.js'
import type { SessionKeeper } from './keep-session.js'
import type { Renewals } from './renew.js'
import type { Session } from './session.js'

export type FetchInput = Parameters<typeof fetch>[0]
export type FetchInit = Parameters<typeof fetch>[1]
export type GuardedFetch = (input: FetchInput, init?: FetchInit) => Promise<Response>

/** A token with less than this left is refreshed before it is sent; of a short one, a tenth of its life. */
const leadSeconds = 5

/** Makes a `fetch` that sends the token along. What it does stands at `Client.fetch`. */
export function createGuardedFetch(
  origins: ReadonlySet<string>,
  { readFirst }: SessionKeeper,
  { renew }: Renewals,
): GuardedFetch {
  let seen: { readonly token: string; readonly ageMs: () => number } | undefined

  /** By this device's own measure: its clock may be wrong, and is not compared with the server's. */
  const isAlmostOver = ({ token, cameAt, ttlSeconds }: Session) => {
    if (seen?.token !== token) seen = { token, ageMs: startWatch(cameAt) }
    return seen.ageMs() / 1000 > ttlSeconds - Math.min(leadSeconds, ttlSeconds / 10)
  }

  return async (input, init) => {
    const request = input instanceof Request ? input : undefined
    const url = request ? request.url : new Request(String(input)).url
    const { origin } = new URL(url)
    if (!origins.has(origin)) throw new TypeError(`the token is not for ${origin}; allowed: ${[...origins].join(', ')}`)
    const headers = new Headers(init?.headers ?? request?.headers)
    const signal = init?.signal ?? request?.signal
    const session = headers.has('authorization') ? undefined : await untilAborted(readFirst(), signal)
    if (!session) return fetch(request ?? url, init)

    const canRefresh = session.refreshToken !== undefined
    const send = ({ token }: Session, canRepeat: boolean) => {
      headers.set('authorization', `Bearer ${token}`)
      return fetch(request ? (canRepeat ? request.clone() : request) : url, { ...init, headers })
    }
    const fresh = canRefresh && isAlmostOver(session) ? await untilAborted(renew(session), signal) : session
    if (!fresh) return fetch(request ?? url, init)
    const canRepeat = canRefresh && !isStream(init?.body)
    const response = await send(fresh, canRepeat)
    if (!canRefresh || !(await isStale(response))) return response
    const next = await untilAborted(renew(fresh), signal)
    // Not in the name of somebody else, who logged in meanwhile.
    if (next?.id !== fresh.id || !canRepeat) return response
    response.body?.cancel().catch(() => {})
    return send(next, false)
  }
}

/** Whether it is a refusal of ours that a refresh cures. The body can still be read. */
async function isStale(response: Response): Promise<boolean> {
  if (response.status !== 401 || !response.headers.get('content-type')?.includes('json')) return false
  return isCurable(codeOf(parse(await response.clone().text())))
}

/** A body that is gone once it was sent. */
function isStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && ('getReader' in body || Symbol.asyncIterator in body)
}
