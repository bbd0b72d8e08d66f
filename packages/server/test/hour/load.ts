/** The requests of the load: each asks once, and has the answer judged. */
import type { createExchange } from '../store/bad-days/exchange.js'
import type { Choices } from '../store/kills/choices.js'
import type { Forgeries } from './forgeries.js'
import type { Journal } from './journal.js'
import { type Credential, moment } from './judge.js'
import type { Model } from './model.js'

type Exchange = ReturnType<typeof createExchange>['exchange']

/** Who guards a route. */
export interface Guard {
  readonly name: string
  readonly path: string
  readonly exchange: Exchange
}

export interface Load {
  /** The first one is the server. */
  readonly guards: readonly [Guard, ...Guard[]]
  readonly model: Model
  readonly choices: Choices
  forgeries: Forgeries
  /** Of what is sent from now on. */
  journal: Journal
}

export interface Request {
  readonly kind: string
  /** By what it is judged. */
  readonly credential: Credential
  readonly method: string
  readonly path: string
  readonly token?: string
  readonly scheme?: 'Bearer' | 'Basic'
  readonly body?: unknown
  readonly keySeenAtMs?: number | undefined
}

/** The answer, once it is judged; undefined when it was not one of acceptance, or there was none. */
export async function ask(load: Load, guard: Guard, request: Request): Promise<string | undefined> {
  const { kind, credential, method, path, token, scheme, body, keySeenAtMs } = request
  // Whoever is over meanwhile still gets its own.
  const { journal } = load
  const sent = moment()
  let answer: Awaited<ReturnType<Exchange>>
  try {
    answer = await guard.exchange(method, path, token, body, scheme)
  } catch (error) {
    // Of a connection that broke it names a code; what is wrong here has none.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    journal.unanswered++
    return undefined
  }
  const answered = moment()
  const { ageMs, code } = JSON.parse(answer.text)
  const asked = { kind, guard: guard.name, ageMs, status: answer.status, code, keySeenAtMs, sent, answered }
  return journal.note(credential, asked) ? answer.text : undefined
}
