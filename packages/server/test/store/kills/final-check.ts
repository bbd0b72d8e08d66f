/** When all is over, and all servers were started again: everything that was acknowledged, at every server. */
import { type Calls, sleep } from './calls.js'
import { type Choices, createChoices } from './choices.js'
import type { Journal, User } from './journal.js'
import { type Entry, judgeList } from './list.js'
import { watchRefusal } from './refusal.js'
import type { Session } from './session.js'

export interface Checked {
  users: number
  live: number
  ended: number
  /** Asked to end without an answer: either way, and the same at every server. */
  unsure: number
  /** Live ones to which a used refresh token was presented, the last one or the one before: each has ended by that. */
  stolen: number
  requests: number
}

interface Check {
  readonly calls: Calls
  readonly journal: Journal
  readonly choices: Choices
  readonly checked: Checked
  readonly calmSinceMs: () => number
  /** Of the live sessions that were refreshed twice. */
  turn: number
}

export interface CheckOptions extends Pick<Check, 'calls' | 'journal' | 'calmSinceMs'> {
  readonly seed: number
}

const workers = 8
/** Of the logins of the check itself. */
const label = 'the final check'
/** Wrong ones are limited, on each server. */
const oldSecretsLimit = 90

/** Stored answers must have been aged, so that none is repeated. */
export async function checkAll(options: CheckOptions): Promise<Checked> {
  const { calls, journal, calmSinceMs, seed } = options
  const checked = { users: 0, live: 0, ended: 0, unsure: 0, stolen: 0, requests: 0 }
  const check = { calls, journal, calmSinceMs, checked, turn: 0, choices: createChoices(seed, 'the final check') }
  const left = [...journal.users]
  const work = async () => {
    for (let user = left.pop(); user !== undefined; user = left.pop()) await checkUser(check, user)
  }
  await Promise.all(Array.from({ length: workers }, work))
  return checked
}

async function send(check: Check, server: number, method: string, path: string, token?: string, body?: unknown) {
  check.checked.requests++
  for (let tries = 0; tries < 20; tries++) {
    const reply = await check.calls.send(server, { method, path, ...(token === undefined ? {} : { token }), body })
    if (typeof reply !== 'string') return reply
    // Connections that were kept to a process that is dead.
    await sleep(50)
  }
  throw new Error(`server ${server + 1} does not answer, though nobody kills it any more`)
}

async function checkUser(check: Check, user: User): Promise<void> {
  const { calls, journal, checked, choices } = check
  checked.users++
  const logIn = (secret: string) =>
    send(check, choices.between(0, calls.count - 1), 'POST', '/v1/token', undefined, {
      ...{ account: user.account, secret, type: 100 },
      device: label,
    })
  const { status, json } = await logIn(user.secret)
  if (status !== 201) return journal.violate(`${user.account} cannot log in with the last password: ${status}`)
  const old = user.oldSecrets.at(-1)
  if (old !== undefined && checked.users <= oldSecretsLimit) {
    const { status } = await logIn(old)
    if (status !== 401) journal.violate(`${user.account} logs in with an old password: ${status}`)
  }
  await checkLists(check, user, json.token)
  for (const session of user.sessions) await checkSession(check, session)
}

async function checkLists(check: Check, user: User, token: string): Promise<void> {
  const { calls, journal, checked } = check
  const seen = new Set<string>()
  let entries: readonly Entry[] = []
  for (let server = 0; server < calls.count; server++) {
    const { json } = await send(check, server, 'GET', '/v1/user/sessions', token)
    entries = (json.sessions as Entry[]).filter(({ device }) => device !== label)
    judgeList(journal, user, entries, `server ${server + 1}`)
    seen.add(entries.map(({ sid }) => sid).join())
  }
  if (seen.size !== 1) journal.violate(`the servers list different sessions of ${user.account}`)
  for (const session of user.sessions.filter(({ state }) => state === 'unsure')) {
    checked.unsure++
    if (entries.some(({ sid }) => sid === session.sid)) session.state = 'live'
    else session.end()
  }
}

async function checkSession(check: Check, session: Session): Promise<void> {
  const { calls, journal, checked } = check
  const [older, last] = session.usedTokens
  if (session.state === 'live' && older !== undefined && last !== undefined) {
    // Of each three one is left alone, one gets the token before the last, and one the last one.
    const used = [undefined, older, last][check.turn++ % 3]
    if (used !== undefined) await steal(check, session, used)
  }
  const isLive = session.state === 'live'
  if (isLive) checked.live++
  else checked.ended++
  for (let server = 0; server < calls.count; server++) {
    const where = `server ${server + 1}`
    for (const [i, token] of session.accessTokens.entries())
      await checkToken(check, session, server, token, isLive, `${i}`)
    for (const token of session.refusedTokens.slice(-2)) await checkToken(check, session, server, token, false, 'old')
    const { refreshToken: refresh_token, generation } = session
    const { status, json, text } = await send(check, server, 'POST', '/v1/token/refresh', undefined, { refresh_token })
    const wrong = isLive && status === 201 ? session.take(text, generation) : undefined
    const isRight = isLive ? status === 201 && !wrong : status === 401 && json.code === 'refresh_invalid'
    session.history.push(
      `${journal.moment()} the final check, refresh ${generation}, ${where}: ${status} ${json.code ?? ''}`,
    )
    const what = `${where}, final check, ${session.state}: refresh ${status} ${json.code ?? ''} ${wrong ?? ''}`
    if (!isRight) journal.violate(what, session)
  }
}

/** Presents a refresh token that was used before all servers were killed: it ends the session, and is refused itself. */
async function steal(check: Check, session: Session, refresh_token: string): Promise<void> {
  const { calls, journal, checked, choices, calmSinceMs } = check
  const server = choices.between(0, calls.count - 1)
  const { status, json } = await send(check, server, 'POST', '/v1/token/refresh', undefined, { refresh_token })
  const what = `server ${server + 1}, final check: a used refresh token: ${status} ${json.code ?? ''}`
  session.history.push(`${journal.moment()} ${what}`)
  if (status !== 401 || json.code !== 'refresh_invalid') return journal.violate(what, session)
  checked.stolen++
  session.end()
  const watching = new Set<Promise<void>>()
  watchRefusal({ calls, journal, calmSinceMs, watching }, session)
  await Promise.all(watching)
}

async function checkToken(
  check: Check,
  session: Session,
  server: number,
  token: string,
  isGood: boolean,
  name: string,
): Promise<void> {
  const { status, json } = await send(check, server, 'GET', '/v1/user/sessions', token)
  if (isGood ? status === 200 : status === 401 && json.code === 'token_revoked') return
  const what = `server ${server + 1}, final check, ${session.state}: access token ${name}: ${status} ${json.code ?? ''}`
  check.journal.violate(what, session)
}
