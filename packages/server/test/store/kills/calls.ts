/** Requests to servers that may die at any moment. */
import { createExchange, type Exchanged } from '../bad-days/exchange.js'
import type { Choices } from './choices.js'
import type { Journal } from './journal.js'
import type { Session } from './session.js'

export interface Request {
  readonly method: string
  readonly path: string
  /** For Authorization. */
  readonly token?: string
  readonly body?: unknown
}

export interface Reply extends Exchanged {
  // biome-ignore lint/suspicious/noExplicitAny: each caller knows what it asked for.
  readonly json: any
  /** On `performance.now()`. */
  readonly sentAtMs: number
}

/**
 * `unknown`: the connection broke, or 503: it may have happened or not; or 429, since tries that a killed server ran keep their
 * places for a minute. `unsent`: nobody listens.
 */
export type Outcome = Reply | 'unknown' | 'unsent'

/** `acknowledged`: the whole answer to something that writes is here; `ended`: that to the end of a session. */
export type Moment = 'sent' | 'acknowledged' | 'ended'

/** Sends each request once, over connections that are kept, and counts what becomes of it. */
export interface Calls {
  readonly count: number
  send(server: number, request: Request): Promise<Outcome>
  /** The next such moment, at that server or at any: resolves in the same tick. */
  next(moment: Moment, server?: number): Promise<void>
  /** Whoever still waits for an answer gets none. */
  close(): void
  isClosed(): boolean
}

/** No answer is later than that: whoever waits for the database gives up before. */
const answerWaitMs = 20_000

export function createCalls(urls: readonly string[], journal: Journal): Calls {
  const { figures } = journal
  const exchanges = urls.map((url) => createExchange(url))
  const waiting = new Set<(moment: Moment, server: number) => void>()
  const tell = (moment: Moment, server: number) => {
    for (const hear of waiting) hear(moment, server)
  }
  let isClosed = false
  return {
    count: urls.length,
    isClosed: () => isClosed,
    async send(server, { method, path, token, body }) {
      const sentAtMs = performance.now()
      const hung = setTimeout(() => journal.violate(`${method} ${path} at server ${server + 1} hangs`), answerWaitMs)
      try {
        const answering = (exchanges[server] as (typeof exchanges)[0]).exchange(method, path, token, body)
        tell('sent', server)
        const answer = await answering
        if (answer.status < 300 && method !== 'GET') {
          tell('acknowledged', server)
          if (method === 'DELETE' || path.endsWith('/revoke')) tell('ended', server)
        }
        figures.longestAnswerMs = Math.max(figures.longestAnswerMs, performance.now() - sentAtMs)
        if (answer.status !== 503 && answer.status !== 429)
          return { ...answer, json: JSON.parse(answer.text), sentAtMs }
      } catch (error) {
        const { code, syscall } = error as NodeJS.ErrnoException
        if (code === 'ECONNREFUSED' && syscall === 'connect') {
          figures.unsent++
          return 'unsent'
        }
        // Of a connection that broke it names a code; what is wrong here, as an answer that is no JSON, is no outcome.
        if (code === undefined) throw error
      } finally {
        clearTimeout(hung)
      }
      figures.unknown++
      return 'unknown'
    },
    next: (wanted, at) =>
      new Promise((resolve) => {
        const hear = (moment: Moment, server: number) => {
          if (moment !== wanted || (at !== undefined && at !== server)) return
          waiting.delete(hear)
          resolve()
        }
        waiting.add(hear)
      }),
    close() {
      isClosed = true
      for (const { close } of exchanges) close()
    },
  }
}

export interface Answered extends Reply {
  /** Whether an earlier attempt had an unknown outcome. */
  readonly wasUnknown: boolean
  /** When the first attempt was sent. */
  readonly firstSentAtMs: number
}

export interface Patience {
  /** How it is called in the history of the session. */
  readonly name: string
  readonly session?: Session | undefined
  /** Where it is sent first; default anywhere. */
  readonly server?: number
  /** Waits now and then for seconds, once, before it tries again; default false. */
  readonly isSlow?: boolean
  /** On `performance.now()`; default never. */
  readonly givesUpAtMs?: number
}

/** Sends it to one server after another until it is answered. Undefined when it gave up before. */
export async function untilAnswered(
  calls: Calls,
  choices: Choices,
  journal: Journal,
  make: () => Request,
  { name, session, server, isSlow = false, givesUpAtMs = Number.POSITIVE_INFINITY }: Patience,
): Promise<Answered | undefined> {
  let at = server ?? choices.between(0, calls.count - 1)
  let wasUnknown = false
  let hasWaited = false
  let firstSentAtMs: number | undefined
  while (performance.now() < givesUpAtMs) {
    const sentAtMs = performance.now()
    const outcome = await calls.send(at, make())
    const what = typeof outcome === 'string' ? outcome : `${outcome.status} ${outcome.json.code ?? ''}`
    session?.history.push(`${journal.moment()} ${name}, server ${at + 1}: ${what}`)
    if (calls.isClosed()) throw new Error('the run ended before there was an answer')
    if (outcome !== 'unsent') firstSentAtMs ??= sentAtMs
    if (typeof outcome !== 'string') {
      return { ...outcome, wasUnknown, firstSentAtMs: firstSentAtMs as number }
    }
    wasUnknown ||= outcome === 'unknown'
    at = (at + choices.between(1, calls.count - 1)) % calls.count
    const waits: boolean = isSlow && !hasWaited && outcome === 'unknown' && choices.happens(0.25)
    hasWaited ||= waits
    await sleep(waits ? choices.between(1100, 6000) : choices.between(20, 150))
  }
  return undefined
}

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
