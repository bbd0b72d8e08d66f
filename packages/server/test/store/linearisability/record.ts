/** A session that several clients use at once, while servers are killed, and what each of them saw. */
import { createHash } from 'node:crypto'
import { type Outcome, type Request, sleep } from '../kills/calls.js'
import type { Client } from '../kills/client.js'
import { logIn } from '../kills/log-in.js'
import { requestOf } from '../kills/refresh.js'
import { claimsOf, type Pair, type Session } from '../kills/session.js'
import type { Answer, Call, SessionOperation } from './one-session.js'

const clients = 4
const pauseMs = 240
const stepsAfterKill = 20
/** Later an answer is not repeated any more. */
const longestMs = 25_000

export interface History {
  readonly sid: string
  readonly operations: readonly SessionOperation[]
  /** Whether it was live when something was killed, and afterwards. */
  readonly outlivedKill: boolean
}

/**
 * From a login until a server has been killed and some steps have followed; ended at last. `owner` asks for the list. Undefined
 * when it took longer than answers are repeated, or nobody could log in.
 */
export async function recordHistory(
  client: Client,
  owner: Session,
  isOver: () => boolean,
): Promise<History | undefined> {
  const { journal, calls, choices } = client
  const session = await logIn(client)
  if (session === undefined) return undefined
  const { sid } = session
  const beganAtMs = performance.now()
  const killsBefore = journal.figures.kills
  const operations: SessionOperation[] = []
  /** Refresh tokens by generation, as clients learn them. */
  const tokens = [session.refreshToken]
  const ownersToken = owner.accessTokens[0] as string
  let stepsSince = 0
  let outlivedKill = false

  async function ask(call: Call): Promise<void> {
    const calledAtMs = performance.now()
    const outcome = await calls.send(choices.between(0, calls.count - 1), requestFor(call))
    if (outcome === 'unsent') return
    const answer = outcome === 'unknown' ? undefined : answerOf(call, outcome)
    const answered = answer === undefined ? undefined : { answer, atMs: performance.now() }
    operations.push({ call, calledAtMs, answered })
    if (journal.figures.kills === killsBefore) return
    stepsSince++
    // The end that all have at last is no sign of life.
    if (call.kind === 'refresh' && answer !== undefined && answer !== 'refused') outlivedKill = true
  }

  function requestFor(call: Call): Request {
    const path = '/v1/user/sessions'
    if (call.kind === 'refresh') return requestOf(tokens[call.presented] as string)()
    if (call.kind === 'revoke') return { method: 'POST', path: '/v1/token/revoke', body: { token: tokens.at(-1) } }
    if (call.kind === 'end') return { method: 'DELETE', path: `${path}/${sid}`, token: ownersToken }
    return { method: 'GET', path, token: ownersToken }
  }

  function answerOf(call: Call, { status, json, text }: Exclude<Outcome, string>): Answer | undefined {
    if (call.kind === 'refresh' && status === 201) return take(call.presented, text)
    if (call.kind === 'refresh' && json.code === 'refresh_invalid') return 'refused'
    if (call.kind === 'revoke' && status === 200) return 'done'
    if (call.kind === 'end' && (status === 202 || status === 404)) return status === 202 ? 'live' : 'over'
    if (call.kind === 'list' && status === 200) {
      return json.sessions.some((entry: { readonly sid: string }) => entry.sid === sid) ? 'live' : 'over'
    }
    journal.violate(`${JSON.stringify(call)} got ${status} ${json.code ?? ''}`, session)
    return undefined
  }

  function take(presented: number, text: string): Answer {
    const pair = JSON.parse(text) as Pair
    const claims = claimsOf(pair.token)
    if (claims.sid !== sid || claims.gen !== presented + 1) {
      journal.violate(`${presented} was answered with ${claims.gen} of ${claims.sid}`, session)
    }
    tokens[presented + 1] ??= pair.refresh_token
    return createHash('sha256').update(text).digest('base64url')
  }

  function nextCall(): Call {
    const newest = tokens.length - 1
    const draw = choices.between(1, 1000)
    if (draw <= 700) return { kind: 'refresh', presented: newest }
    // Where somebody else refreshes meanwhile it is one too old, and ends the session.
    if (draw <= 720) return { kind: 'refresh', presented: Math.max(newest - 1, 0) }
    if (draw <= 722) return { kind: 'refresh', presented: Math.max(newest - 2, 0) }
    if (draw <= 725) return { kind: 'revoke' }
    return draw <= 728 ? { kind: 'end' } : { kind: 'list' }
  }

  const takesTooLong = () => performance.now() - beganAtMs > longestMs
  async function act(): Promise<void> {
    while (stepsSince < stepsAfterKill && !isOver() && !takesTooLong()) {
      await ask(nextCall())
      await sleep(choices.between(0, pauseMs))
    }
  }
  await Promise.all(Array.from({ length: clients }, act))
  while (operations.at(-1)?.call.kind !== 'end' || operations.at(-1)?.answered === undefined) {
    if (calls.isClosed() || takesTooLong()) return undefined
    await ask({ kind: 'end' })
  }
  await ask({ kind: 'list' })
  return { sid, operations, outlivedKill }
}

/** Each as a line, in the order of calls. */
export function describe({ sid, operations }: History): string {
  const inOrder = [...operations].sort((one, other) => one.calledAtMs - other.calledAtMs)
  const ms = (atMs: number) => (atMs - (inOrder[0]?.calledAtMs ?? 0)).toFixed(1)
  const lines = inOrder.map(({ call, calledAtMs, answered }) => {
    const what = call.kind === 'refresh' ? `refresh ${call.presented}` : call.kind
    return `${ms(calledAtMs)} ${what}: ${answered ? `${answered.answer.slice(0, 8)} at ${ms(answered.atMs)}` : 'no answer'}`
  })
  return [`session ${sid}`, ...lines].join('\n    ')
}
