import type { AskServer } from './ask-server.js'
import { ClientError } from './client-error.js'
import { sleep, startWatch } from './elapsed.js'
import type { SessionKeeper } from './keep-session.js'
import { type Session, takePair } from './session.js'

export interface Renewals {
  /**
   * The session that comes after `stale`: its next pair, or whatever somebody else has got by now; undefined when it is over.
   * However many ask at once, one refresh goes out.
   *
   * @throws ClientError; with code `refresh_invalid` the session has ended, with any other it is as it was.
   */
  renew(stale: Session): Promise<Session | undefined>
  /** Runs what replaces the pair in another way, while nobody refreshes. */
  instead<T>(work: () => Promise<T>): Promise<T>
}

const refreshPath = '/v1/token/refresh'
/** For this long the server repeats an answer that was lost; after it, the same token is taken for a stolen one. */
const repeatWindowMs = 28_000
const answerWaitMs = 10_000
const firstPauseMs = 250
const longestPauseMs = 10_000

export function createRenewals(ask: AskServer, keeper: SessionKeeper): Renewals {
  let running: { readonly token: string; readonly done: Promise<Session | undefined> } | undefined
  let last: Promise<unknown> = Promise.resolve()

  // One after the other in this process, and in one tab at a time.
  const instead = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(() => keeper.alone(work))
    last = done.catch(() => {})
    return done
  }

  async function exchange(stale: Session): Promise<Session | undefined> {
    const own = await keeper.read()
    if (own?.token !== stale.token || !own.refreshToken) {
      if (!own) await keeper.end(stale.id, 'gone')
      return own
    }
    let next: Session
    try {
      next = await refresh(ask, own)
    } catch (error) {
      const { code, status } = error as ClientError
      if (code !== 'refresh_invalid' || status !== 401) throw error
      const now = await keeper.read()
      if (now?.token !== own.token) return now
      await keeper.end(own.id, 'refresh_invalid')
      throw error
    }
    const now = await keeper.read()
    // Logged out, or in anew, meanwhile: this pair is nobody's.
    if (now?.token !== own.token) return now
    await keeper.keep(next)
    return next
  }

  return {
    instead,
    renew(stale) {
      if (running?.token !== stale.token) {
        const begun = { token: stale.token, done: instead(() => exchange(stale)) }
        const clear = () => {
          if (running === begun) running = undefined
        }
        begun.done.then(clear, clear)
        running = begun
      }
      return running.done
    },
  }
}

/** Asks for the next pair. When the answer is lost it asks again, as long as the server repeats it, and never later. */
async function refresh(ask: AskServer, { refreshToken, server, id, turn }: Session): Promise<Session> {
  const sinceMs = startWatch()
  for (let pauseMs = firstPauseMs; ; pauseMs *= 2) {
    try {
      return await refreshOnce()
    } catch (error) {
      const { kind, status = 0, retryAfterSeconds = 0 } = error as ClientError
      const mayHaveWorked = kind === 'unreachable' || kind === 'unexpected_body' || status >= 500 || status === 429
      const waitMs = Math.max(pauseMs, retryAfterSeconds * 1000)
      if (!mayHaveWorked || waitMs > longestPauseMs) throw error
      await sleep(waitMs)
      // A device may have slept for longer.
      if (sinceMs() > repeatWindowMs) throw error
    }
  }

  async function refreshOnce(): Promise<Session> {
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(new ClientError('unreachable', `POST ${refreshPath}`)), answerWaitMs)
    try {
      const answer = await ask(refreshPath, { refresh_token: refreshToken }, { signal: stop.signal })
      const next = takePair(answer, { server, id, turn: turn + 1 })
      if (!next?.refreshToken) throw new ClientError('unexpected_body', `POST ${refreshPath}`, { status: 201 })
      return next
    } finally {
      clearTimeout(timer)
    }
  }
}
