/** What the load does, and how often. */
import type { Pair } from '../store/kills/session.js'
import { type ForgeryKind, forgeryKinds } from './forgeries.js'
import { neverGood } from './judge.js'
import { ask, type Load, type Request } from './load.js'
import type { Session, Token, User } from './model.js'

type Step = (load: Load) => Promise<unknown>

/** Fewer for those who stay logged in: the others have theirs ended. */
const sessionsAUser = 30
const steadySessions = 3
const alwaysGood = { ends: [], expiresAtMs: Number.POSITIVE_INFINITY }
/** Of the newest this many are looked at first: what ended or began a moment ago may be answered wrongly. */
const newest = 30

/** How often each, in a thousand requests. Logins and passwords are hashed, and dear. */
const weights: readonly (readonly [weight: number, step: Step])[] = [
  [690, showGood],
  [70, (load) => showOneOf(load, 'revoked', load.model.ended)],
  [40, (load) => showOneOf(load, 'of a retired key', load.model.retired)],
  [40, (load) => showOneOf(load, 'expired', load.model.expired)],
  ...forgeryKinds.map((kind) => [17, (load: Load) => showForged(load, kind)] as const),
  [58, refresh],
  [18, logIn],
  [5, (load) => revoke(load, 'access token')],
  [5, (load) => revoke(load, 'refresh token')],
  [2, logOutEverywhere],
  [2, changeSecret],
  [1, logInWithOldSecret],
  [1, refreshEnded],
]
const steps = weights.flatMap(([weight, step]) => Array<Step>(weight).fill(step))

/** One request, whichever comes. */
export const takeStep: Step = (load) => load.choices.oneOf(steps)(load)

function show(load: Load, kind: string, text: string, token?: Token): Promise<string | undefined> {
  const { choices, guards } = load
  const guard = choices.oneOf(guards)
  const scheme = choices.happens(0.3) ? 'Basic' : 'Bearer'
  const shown = { method: 'GET', path: guard.path, token: text, scheme } as const
  const credential = token ?? neverGood
  return ask(load, guard, { ...shown, kind: `${kind}, ${scheme}`, credential, keySeenAtMs: token?.key.seenAtMs })
}

/** Half of the time one of the last of the list. */
function choose({ choices }: Load, list: readonly Token[]): Token | undefined {
  if (list.length === 0) return undefined
  return choices.happens(0.5) ? choices.oneOf(list.slice(-newest)) : choices.oneOf(list)
}

const isGood = ({ ends, expiresAtMs }: Token, forMs = 0) =>
  ends.every(({ askedAtMs }) => askedAtMs === Number.POSITIVE_INFINITY) && expiresAtMs > Date.now() + forMs

function chooseGood(load: Load): Token | undefined {
  for (let tries = 0; tries < 20; tries++) {
    const token = choose(load, load.model.issued)
    if (token && isGood(token)) return token
  }
  return undefined
}

async function showGood(load: Load): Promise<unknown> {
  const token = chooseGood(load)
  return token && show(load, 'good', token.text, token)
}

async function showOneOf(load: Load, kind: string, list: readonly Token[]): Promise<unknown> {
  const token = choose(load, list)
  return token ? show(load, kind, token.text, token) : showGood(load)
}

async function showForged(load: Load, kind: ForgeryKind): Promise<unknown> {
  const text = load.forgeries.next(kind, () => chooseGood(load))
  return text === undefined ? showGood(load) : show(load, kind, text)
}

/** With a user that nothing else changes meanwhile. */
async function alone(
  load: Load,
  work: (user: User) => Promise<unknown>,
  isFit: (user: User) => boolean = () => true,
): Promise<unknown> {
  for (let tries = 0; tries < 20; tries++) {
    const user = load.choices.oneOf(load.model.users)
    if (user.isBusy || !isFit(user)) continue
    user.isBusy = true
    try {
      return await work(user)
    } finally {
      user.isBusy = false
    }
  }
  // Whatever that was, it is one request all the same.
  return showGood(load)
}

const hasSession = ({ sessions }: User) => sessions.length > 0
const hasEndableSession = (user: User) => !user.staysLoggedIn && hasSession(user)

const post = (kind: string, path: string, body: unknown, credential: Request['credential'] = alwaysGood): Request => ({
  ...{ kind, method: 'POST', path, body, credential },
})

async function logIn(load: Load): Promise<unknown> {
  return alone(
    load,
    (user) => begin(load, user),
    ({ sessions, staysLoggedIn }) => sessions.length < (staysLoggedIn ? steadySessions : sessionsAUser),
  )
}

export async function begin(load: Load, user: User): Promise<unknown> {
  const { account, secret } = user
  const text = await ask(load, load.guards[0], post('log in', '/v1/token', { account, secret, type: 100 }))
  if (text === undefined) return undefined
  const session: Session = { user, refreshToken: '', tokens: [] }
  load.model.take(session, JSON.parse(text) as Pair)
  return user.sessions.push(session)
}

async function logInWithOldSecret(load: Load): Promise<unknown> {
  return alone(
    load,
    ({ account, oldSecret: secret }) => {
      const body = { account, secret, type: 100 }
      return ask(load, load.guards[0], post('log in with the old password', '/v1/token', body, neverGood))
    },
    ({ oldSecret }) => oldSecret !== undefined,
  )
}

async function refresh(load: Load): Promise<unknown> {
  const work = async ({ sessions }: User) => {
    const session = load.choices.oneOf(sessions)
    const body = { refresh_token: session.refreshToken }
    const text = await ask(load, load.guards[0], post('refresh', '/v1/token/refresh', body))
    if (text !== undefined) load.model.take(session, JSON.parse(text) as Pair)
  }
  return alone(load, work, hasSession)
}

async function refreshEnded(load: Load): Promise<unknown> {
  const list = load.model.endedRefreshTokens
  if (list.length === 0) return showGood(load)
  const body = { refresh_token: load.choices.oneOf(list.slice(-newest)) }
  return ask(load, load.guards[0], post('refresh of what has ended', '/v1/token/refresh', body, neverGood))
}

/** A token of the newest key, which is not retired before the next one signs, and which lives for a while. */
function tokenToAskWith({ model }: Load, { tokens }: Session): Token | undefined {
  const token = tokens.at(-1)
  const isOfNewest = token?.key === model.issued.at(-1)?.key
  return token && isOfNewest && isGood(token, model.askingMs) ? token : undefined
}

const sessionToAskWith = (load: Load, { sessions }: User) => sessions.find((one) => tokenToAskWith(load, one))
const canEnd = (load: Load) => (user: User) => !user.staysLoggedIn && sessionToAskWith(load, user) !== undefined

async function revoke(load: Load, by: 'access token' | 'refresh token'): Promise<unknown> {
  const { model, guards } = load
  const work = async (user: User) => {
    const session = by === 'access token' ? sessionToAskWith(load, user) : load.choices.oneOf(user.sessions)
    if (session === undefined) return undefined
    const token = by === 'access token' ? tokenToAskWith(load, session)?.text : session.refreshToken
    const end = model.end(session.tokens)
    const text = await ask(load, guards[0], post(`revoke by the ${by}`, '/v1/token/revoke', { token }))
    if (text === undefined) return end.recall()
    end.acknowledge()
    return model.forget([session])
  }
  return alone(load, work, by === 'access token' ? canEnd(load) : hasEndableSession)
}

async function logOutEverywhere(load: Load): Promise<unknown> {
  const { model, guards } = load
  const work = async (user: User) => {
    const token = tokenToAskWith(load, sessionToAskWith(load, user) as Session) as Token
    // Its own end is asked for, too, and must not count against it.
    const credential = { ends: [token.key.end], expiresAtMs: token.expiresAtMs }
    const sessions = [...user.sessions]
    const end = model.end(sessions.flatMap(({ tokens }) => tokens))
    const request = { method: 'DELETE', path: '/v1/user/sessions', token: token.text, credential } as const
    const text = await ask(load, guards[0], { ...request, kind: 'log out everywhere' })
    if (text === undefined) return end.recall()
    end.acknowledge()
    model.forget(sessions)
  }
  return alone(load, work, canEnd(load))
}

async function changeSecret(load: Load): Promise<unknown> {
  const { model, guards, choices } = load
  const work = async (user: User) => {
    const session = sessionToAskWith(load, user) as Session
    const token = tokenToAskWith(load, session) as Token
    const credential = { ends: [token.key.end], expiresAtMs: token.expiresAtMs }
    const others = user.sessions.filter((one) => one !== session)
    const body = { old_secret: user.secret, new_secret: `a long passphrase ${choices.between(1, 2 ** 31)}` }
    const end = model.end(user.sessions.flatMap(({ tokens }) => tokens))
    const request = { method: 'PUT', path: '/v1/user/secret', token: token.text, credential, body } as const
    const text = await ask(load, guards[0], { ...request, kind: 'change the password' })
    if (text === undefined) return end.recall()
    end.acknowledge()
    model.forget(others)
    user.oldSecret = user.secret
    user.secret = body.new_secret
    session.tokens = []
    model.take(session, JSON.parse(text) as Pair)
  }
  return alone(load, work, canEnd(load))
}
