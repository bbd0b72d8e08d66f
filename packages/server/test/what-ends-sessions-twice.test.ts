/** Two levels of revocation, one after the other: a token is refused when either alone refuses it, whichever came first. */
import { beforeAll, describe, expect, it } from 'vitest'
import { exchange, kidOf, newPerson, type Person, refresh, send } from './ends/people.js'
import { placeNames, usePlaces } from './ends/places.js'
import { ann, ask, secret, useServer } from './server.js'
import { until } from './until.js'

const config = { issuer: 'https://id.example', limits: { registrationsPerPrefix: 0 } }
const first = useServer(config)
const places = usePlaces(first, config)

/** `lower`: its access tokens are refused, it goes on itself. */
type Effect = 'end' | 'lower' | 'keep'
/** A login and an API key of one user. */
const sessions = ['own', 'key'] as const
type Session = (typeof sessions)[number]
type Tokens = Partial<Record<Session, string>>
interface Subject extends Person {
  /** Of before the first event, and of between the two. */
  readonly before: Tokens
  between: Tokens
}
interface Level {
  readonly effects: Readonly<Record<Session, Effect>>
  act(subject: Subject): Promise<unknown>
}
const effects = (own: Effect, key: Effect) => ({ own, key })

const revoke = async (token: string) => expect((await first.post('/v1/token/revoke', { token })).status).toBe(200)
const withdrawn = 'signing key withdrawn'
const levels: Readonly<Record<string, Level>> = {
  'role lowered': {
    effects: effects('lower', 'lower'),
    act: ({ uid }) => places.beside.accounts.setRole(uid, 'user'),
  },
  logout: { effects: effects('end', 'keep'), act: ({ own }) => revoke(own.refresh_token) },
  'logout everywhere': {
    effects: effects('end', 'keep'),
    async act({ uid }) {
      const { status } = await ask(first.url, 'DELETE', `/v1/admin/sessions?user=${uid}`, { token: await adminToken() })
      expect(status).toBe(202)
    },
  },
  'new secret': {
    effects: effects('end', 'keep'),
    async act({ account }) {
      const isDisabled = (await places.beside.accounts.find(account, 100))?.disabled_at !== null
      const { json } = await first.post('/v1/token', { account, secret, type: 100 })
      expect(json.code).toBe(isDisabled ? 'auth_failed' : undefined)
      if (isDisabled) return
      const change = { old_secret: secret, new_secret: 'a newer passphrase' }
      expect((await send(first, 'PUT', json.token, '/v1/user/secret', change)).status).toBe(200)
    },
  },
  disabled: { effects: effects('end', 'end'), act: ({ uid }) => places.beside.accounts.disable(uid) },
  'API key lowered': {
    effects: effects('keep', 'lower'),
    act: ({ before, between }) => revoke(between.key ?? (before.key as string)),
  },
  'API key ended': { effects: effects('keep', 'end'), act: ({ key }) => revoke(key.key) },
  // Done once for all that it concerns.
  [withdrawn]: { effects: effects('lower', 'lower'), act: async () => {} },
  'nothing more': { effects: effects('keep', 'keep'), act: async () => {} },
}
const names = Object.keys(levels)
const pairs = names.flatMap((one) => names.filter((other) => one !== other).map((other) => [one, other] as const))
const wanted = pairs.filter(([one]) => one !== 'nothing more')

const admin = { ...ann, account: 'admin@example.org' }
let root: Person
let kept: Promise<string> | undefined
/** Of now: a signing key may have been withdrawn since. */
function adminToken(): Promise<string> {
  kept ??= first.logIn(admin.account)
  return kept
}
beforeAll(async () => {
  root = await newPerson(first, (uid) => places.beside.accounts.setRole(uid, 'admin'))
  const { uid } = (await first.post('/v1/client/register', admin)).json
  await places.beside.accounts.setRole(uid, 'admin')
})

async function newSubject(): Promise<Subject> {
  const person = await newPerson(first, (uid) => places.beside.accounts.setRole(uid, 'admin'))
  const before = { own: person.own.token, key: person.key.token }
  return { ...person, before, between: {} }
}

/** What goes on gets another token, at the other node. */
async function renew(subject: Subject, { effects }: Level): Promise<void> {
  const { url } = places.second
  for (const session of sessions) {
    const answer = session === 'key' ? await exchange(url, subject.key) : await refresh(url, subject[session])
    expect([session, answer.status]).toEqual([session, effects[session] === 'end' ? 401 : 201])
    if (answer.status === 201) subject.between[session] = answer.json.token
  }
}

async function withdrawKey(): Promise<void> {
  const before = (await exchange(first.url, root.key)).json.token
  expect(await first.run('key', 'retire', '--now', kidOf(before))).toBe(0)
  kept = undefined
  for (const url of [first.url, places.second.url]) {
    await until(async () => kidOf((await exchange(url, root.key)).json.token) !== kidOf(before))
  }
}

async function isActive(url: string, token: string): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${root.key.id}:${root.key.key}`).toString('base64')}`
  const headers = { authorization, 'content-type': 'application/json' }
  const { json } = await ask(url, 'POST', '/v1/token/introspect', { headers, body: JSON.stringify({ token }) })
  return json.active === true ? 'good' : JSON.stringify(json)
}

/** What each place says of each token, and introspection at each node. */
async function shown(subject: Subject): Promise<readonly string[]> {
  const answers: string[] = []
  for (const time of ['before', 'between'] as const) {
    for (const session of sessions) {
      const token = subject[time][session]
      if (token === undefined) continue
      for (const place of placeNames) answers.push(`${time} ${session}, ${place}: ${await places.codeAt(place, token)}`)
      answers.push(`${time} ${session}, introspected: ${await isActive(first.url, token)}`)
      answers.push(`${time} ${session}, introspected at another: ${await isActive(places.second.url, token)}`)
    }
  }
  return answers
}

function expected(one: Level, other: Level): readonly string[] {
  const answers: string[] = []
  const add = (what: string, isRefused: boolean) => {
    for (const place of placeNames) answers.push(`${what}, ${place}: ${isRefused ? 'token_revoked' : 'good'}`)
    const introspected = isRefused ? '{"active":false}' : 'good'
    answers.push(`${what}, introspected: ${introspected}`, `${what}, introspected at another: ${introspected}`)
  }
  const refused = (level: Level, session: Session) => level.effects[session] !== 'keep'
  for (const session of sessions) add(`before ${session}`, refused(one, session) || refused(other, session))
  for (const session of sessions) {
    if (one.effects[session] !== 'end') add(`between ${session}`, refused(other, session))
  }
  return answers
}

const rounds = {
  'no signing key': wanted.filter((pair) => !pair.includes(withdrawn)),
  'the signing key second': wanted.filter(([, other]) => other === withdrawn),
  'the signing key first': wanted.filter(([one]) => one === withdrawn),
}

it('each pair of levels is in one round', () => {
  expect(wanted).toHaveLength(8 * 8)
  expect(Object.values(rounds).flat().sort()).toEqual([...wanted].sort())
})

describe.each(Object.entries(rounds))('of two levels, %s', (_, round) => {
  const subjects = new Map<string, Subject>()
  const each = (work: (subject: Subject, one: Level, other: Level) => Promise<unknown>) =>
    Promise.all(
      round.map(([one, other]) =>
        work(subjects.get(`${one}, ${other}`) as Subject, levels[one] as Level, levels[other] as Level),
      ),
    )
  beforeAll(async () => {
    await Promise.all(round.map(async (pair) => subjects.set(pair.join(', '), await newSubject())))
    await each((subject, one) => one.act(subject))
    if (round[0]?.[0] === withdrawn) await withdrawKey()
    await each((subject, one) => renew(subject, one))
    await each((subject, _, other) => other.act(subject))
    if (round[0]?.[1] === withdrawn) await withdrawKey()
  })

  it.each(round)('%s, then %s: the token is refused that either refuses, and no other', async (one, other) => {
    const subject = subjects.get(`${one}, ${other}`) as Subject
    const answers = expected(levels[one] as Level, levels[other] as Level)
    await expect.poll(() => shown(subject), { timeout: 5_000, interval: 50 }).toEqual(answers)
  })
})

it('nothing of all this was the fault of a server', () => {
  expect([first.log, places.second.log]).toEqual([[], []])
})
