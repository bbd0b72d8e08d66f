/** The table of PROTOCOL section 4, cell by cell: what ends or changes a session, and what becomes of its tokens where. */
import { beforeAll, expect, it } from 'vitest'
import { fillSessions } from './ends/fill-sessions.js'
import { type Doubled, exchange, kidOf, newDoubled, type Pair, refresh, send, sidOf } from './ends/people.js'
import { codeOf, placeNames, usePlaces } from './ends/places.js'
import { ann, ask, postJson, secret, useServer } from './server.js'

/** The time of servers and service: it is put forward where something has to become old. */
let aheadMs = 0
const config = { issuer: 'https://id.example', clock: () => Date.now() + aheadMs }
const first = useServer(config)
const places = usePlaces(first, config)

const admin = { ...ann, account: 'admin@example.org' }
beforeAll(async () => {
  const { uid } = (await first.post('/v1/client/register', admin)).json
  await places.beside.accounts.setRole(uid, 'admin')
})

const change = ({ own }: Doubled, more: object = {}) =>
  send(first, 'PUT', own.token, '/v1/user/secret', { old_secret: secret, new_secret: 'a newer passphrase', ...more })
const endAsAdmin = async (path: string) =>
  ask(first.url, 'DELETE', `/v1/admin/sessions${path}`, { token: await first.logIn(admin.account) })

/**
 * Each event as it comes from outside, at the first node; commands come from a process beside it. `heirs` are pairs that the own
 * session got meanwhile, and which end with it.
 */
const events: Record<string, (person: Doubled, heirs: Pair[]) => Promise<unknown>> = {
  logout: ({ own }) => first.post('/v1/token/revoke', { token: own.refresh_token }),
  'logout of another': ({ own, others }) =>
    ask(first.url, 'DELETE', `/v1/user/sessions/${sidOf(others.token)}`, { token: own.token }),
  'logout everywhere': ({ own }) => ask(first.url, 'DELETE', '/v1/user/sessions', { token: own.token }),
  'an admin ends one': ({ own }) => endAsAdmin(`/${sidOf(own.token)}`),
  'an admin ends all': ({ uid }) => endAsAdmin(`?user=${uid}`),
  theft: async ({ own }, heirs) => {
    const next = await refresh(first.url, own)
    const last = await refresh(first.url, next.json)
    await refresh(first.url, own)
    heirs.push(next.json, last.json)
  },
  'theft, seen after 30 s': async ({ own }, heirs) => {
    const next = await refresh(first.url, own)
    aheadMs += 30_000
    await refresh(first.url, own)
    heirs.push(next.json)
  },
  'a hundred and first login': async (person) => {
    await fillSessions(places.beside.store, person)
    await first.logIn(person.account)
  },
  'a hundred and first, by a command': async (person) => {
    await fillSessions(places.beside.store, person)
    expect(await first.run('token', 'issue', person.uid)).toBe(0)
  },
  'a new secret': change,
  'a new secret, keys too': (person) => change(person, { end_api_keys: true }),
  'another role': ({ uid }) => places.beside.accounts.setRole(uid, 'admin'),
  disabling: ({ uid }) => places.beside.accounts.disable(uid),
  'disabling, and enabling': async ({ uid }) => {
    await places.beside.accounts.disable(uid)
    await places.beside.accounts.enable(uid)
  },
  deleting: ({ own }) => ask(first.url, 'DELETE', '/v1/user', { token: own.token }),
  'ending the key': ({ own, key }) => ask(first.url, 'DELETE', `/v1/user/api-keys/${key.id}`, { token: own.token }),
  'revoking the key': ({ key }) => first.post('/v1/token/revoke', { token: key.key }),
  'revoking the key’s token': ({ key }) => first.post('/v1/token/revoke', { token: key.token }),
  'retiring the signing key at once': async ({ own }) =>
    expect(await first.run('key', 'retire', '--now', kidOf(own.token))).toBe(0),
}

const over: [string, string] = ['token_revoked', 'refresh_invalid']
const alive: [string, string] = ['good', 'good']
const lowered: [string, string] = ['token_revoked', 'good']
const keyOver: [string, string] = ['token_revoked', 'auth_failed']

/**
 * What becomes of the session that the event comes from, and of the other: access token, refresh token. Then of an API key:
 * the access token it was exchanged for, and its next exchange.
 */
const table: [event: string, own: [string, string], others: [string, string], key: [string, string]][] = [
  ['logout', over, alive, alive],
  ['logout of another', alive, over, alive],
  ['logout everywhere', over, over, alive],
  ['an admin ends one', over, alive, alive],
  ['an admin ends all', over, over, alive],
  ['theft', over, alive, alive],
  ['theft, seen after 30 s', over, alive, alive],
  ['a hundred and first login', over, alive, alive],
  ['a hundred and first, by a command', over, alive, alive],
  // The session that changed it got a new pair; the pair before is refused like the others'.
  ['a new secret', over, over, alive],
  ['a new secret, keys too', over, over, keyOver],
  ['another role', lowered, lowered, lowered],
  ['disabling', over, over, keyOver],
  ['disabling, and enabling', over, over, keyOver],
  ['deleting', over, over, keyOver],
  ['ending the key', alive, alive, keyOver],
  ['revoking the key', alive, alive, keyOver],
  ['revoking the key’s token', alive, alive, lowered],
  ['retiring the signing key at once', lowered, lowered, lowered],
]

it('the table has each event, and no other', () => {
  expect(table.map(([event]) => event).sort()).toEqual(Object.keys(events).sort())
})

/** What is found within the second that is promised, once it is as expected or the second is over. */
async function withinASecond<Found>(find: () => Promise<Found>, expected: Found): Promise<Found> {
  const began = performance.now()
  let found = await find()
  while (String(found) !== String(expected) && performance.now() - began < 1000) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    found = await find()
  }
  return found
}

it.each(table)(
  'after %s the tokens are as the table says within a second, everywhere',
  async (event, own, others, key) => {
    const person = await newDoubled(first)
    const heirs: Pair[] = []
    const shown = () =>
      Promise.all(
        placeNames.map((place) =>
          Promise.all(
            [person.own, person.others, person.key, ...heirs].map(({ token }) => places.codeAt(place, token)),
          ),
        ),
      )
    const inEachPlace = (codes: string[]) => placeNames.map(() => codes)
    const good = inEachPlace(['good', 'good', 'good'])
    expect(await withinASecond(shown, good)).toEqual(good)
    await events[event]?.(person, heirs)
    expect(heirs.length > 0).toBe(event.startsWith('theft'))
    const expected = inEachPlace([own[0], others[0], key[0], ...heirs.map(() => 'token_revoked')])
    expect(await withinASecond(shown, expected)).toEqual(expected)
    const isRetired = event === 'retiring the signing key at once'
    const pairs = { own: person.own, others: person.others }
    for (const url of [first.url, places.second.url]) {
      // Refused by a row that a node reads just before the keys.
      const isNext = async () => kidOf((await exchange(url, person.key)).json.token) !== kidOf(person.own.token)
      if (isRetired) expect(await withinASecond(isNext, true)).toBe(true)
      const refreshed = [await refresh(url, pairs.own), await refresh(url, pairs.others)]
      expect(refreshed.map(codeOf)).toEqual([own[1], others[1]])
      for (const heir of heirs) expect(codeOf(await refresh(url, heir))).toBe('refresh_invalid')
      if (own[1] === 'good') pairs.own = refreshed[0]?.json
      if (others[1] === 'good') pairs.others = refreshed[1]?.json
      const exchanged = await exchange(url, person.key)
      expect(codeOf(exchanged)).toBe(key[1])
      if (event === 'another role') expect(exchanged.json.scope).toBe('*:* *:*:any')
      // What is exchanged or refreshed now is good, whatever was refused before.
      for (const { json } of [...refreshed, exchanged].filter(({ status }) => status === 201)) {
        for (const place of placeNames) expect([place, await places.codeAt(place, json.token)]).toEqual([place, 'good'])
        if (isRetired) expect(kidOf(json.token)).not.toBe(kidOf(person.own.token))
      }
    }
    if (event !== 'disabling, and enabling') return
    const login = { account: person.account, secret, type: 100 }
    for (const url of [first.url, places.second.url])
      expect(codeOf(await postJson(url, '/v1/token', login))).toBe('good')
  },
)

it('nothing of all this was the fault of a server', () => {
  expect([first.log, places.second.log]).toEqual([[], []])
})
