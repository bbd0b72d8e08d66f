/** The table of PROTOCOL section 4, cell by cell: what ends or changes a session, and what becomes of its tokens where. */
import { createAuth } from 'latchkey'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'
import { openAccounts } from '../src/create-latchkey/open-accounts.js'
import { basic, type Key as Client, makeKey, sendForm } from './oauth/clients.js'
import { ann, ask, type Node, postJson, secret, startNode, useServer } from './server.js'

const issuer = 'https://id.example'
const first = useServer({ issuer })
let second: Node
let service: ReturnType<typeof createAuth>
let accounts: Awaited<ReturnType<typeof openAccounts>>
let resource: Client
beforeAll(async () => {
  second = await startNode(first.database, { issuer })
  service = createAuth({ server: second.url, issuer })
  await service.ready()
  const argument = { ...first.database.config, issuer }
  accounts = await openAccounts(await readConfig({ argument, environment: {}, folder: first.folder }))
  const root = { ...ann, account: 'root@example.org' }
  await accounts.accounts.setRole((await first.post('/v1/client/register', root)).json.uid, 'admin')
  resource = await makeKey(first, await first.logIn(root.account), { scope: 'token:introspect' })
})
afterAll(async () => {
  await accounts.store.close()
  await service.close()
  await second.close()
})

interface Pair {
  readonly token: string
  readonly refresh_token: string
}
interface Key {
  readonly id: string
  readonly key: string
  readonly token: string
}
interface Person {
  readonly uid: string
  readonly account: string
  /** The session that the event comes from, and another one of the same user. */
  readonly own: Pair
  readonly others: Pair
  readonly key: Key
}

let count = 0
async function newPerson(): Promise<Person> {
  const account = `person${++count}@example.org`
  const { uid } = (await first.post('/v1/client/register', { ...ann, account })).json
  const logIn = async () => (await first.post('/v1/token', { account, secret, type: 100 })).json
  const [own, others] = [await logIn(), await logIn()]
  const { id, key } = (await send('POST', own.token, '/v1/user/api-keys', { name: 'program' })).json
  return { uid, account, own, others, key: { id, key, token: (await exchange(first.url, { id, key })).json.token } }
}

const sidOf = ({ token }: Pair) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sid
const send = (method: string, token: string, path: string, body: object) =>
  ask(first.url, method, path, { token, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const exchange = (url: string, { id, key }: Pick<Key, 'id' | 'key'>) =>
  postJson(url, '/v1/token', { account: id, secret: key, type: 300 })
const change = ({ own }: Person, more: object = {}) =>
  send('PUT', own.token, '/v1/user/secret', { old_secret: secret, new_secret: 'a newer passphrase', ...more })

/** Each event as it comes from outside, at the first node; commands come from a process beside it. */
const events: Record<string, (person: Person) => Promise<unknown>> = {
  logout: ({ own }) => first.post('/v1/token/revoke', { token: own.refresh_token }),
  'logout of another': ({ own, others }) =>
    ask(first.url, 'DELETE', `/v1/user/sessions/${sidOf(others)}`, { token: own.token }),
  'logout everywhere': ({ own }) => ask(first.url, 'DELETE', '/v1/user/sessions', { token: own.token }),
  theft: async ({ own }) => {
    const next = await first.post('/v1/token/refresh', { refresh_token: own.refresh_token })
    await first.post('/v1/token/refresh', { refresh_token: next.json.refresh_token })
    await first.post('/v1/token/refresh', { refresh_token: own.refresh_token })
  },
  'a new secret': change,
  'a new secret, keys too': (person) => change(person, { end_api_keys: true }),
  'another role': ({ uid }) => accounts.accounts.setRole(uid, 'admin'),
  disabling: ({ uid }) => accounts.accounts.disable(uid),
  deleting: ({ own }) => ask(first.url, 'DELETE', '/v1/user', { token: own.token }),
  'ending the key': ({ own, key }) => ask(first.url, 'DELETE', `/v1/user/api-keys/${key.id}`, { token: own.token }),
  'revoking the key': ({ key }) => first.post('/v1/token/revoke', { token: key.key }),
  'revoking the key’s token': ({ key }) => first.post('/v1/token/revoke', { token: key.token }),
}

const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
const places: Record<string, (token: string) => Promise<string>> = {
  'the same node': async (token) => codeOf(await ask(first.url, 'GET', '/v1/user/sessions', { token })),
  'another node': async (token) => codeOf(await ask(second.url, 'GET', '/v1/user/sessions', { token })),
  'a service': async (token) => {
    const answer = service.decide({ method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }, need)
    return answer.status === undefined ? 'good' : JSON.parse(answer.body).code
  },
}
/** It asks the database: within no time, and on any node. */
const introspection = 'introspection at another node'
places[introspection] = async (token) => {
  const { json } = await sendForm(second.url, '/v1/token/introspect', { token }, basic(resource.id, resource.key))
  if (json.active) return 'good'
  expect(json).toEqual({ active: false })
  return 'token_revoked'
}
const codeOf = ({ status, json }: { status: number; json: { code: string } }) => (status < 300 ? 'good' : json.code)

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
  ['theft', over, alive, alive],
  // The session that changed it got a new pair; the pair before is refused like the others'.
  ['a new secret', over, over, alive],
  ['a new secret, keys too', over, over, keyOver],
  ['another role', lowered, lowered, lowered],
  ['disabling', over, over, keyOver],
  ['deleting', over, over, keyOver],
  ['ending the key', alive, alive, keyOver],
  ['revoking the key', alive, alive, keyOver],
  ['revoking the key’s token', alive, alive, lowered],
]

describe.each(table)('after %s', (event, own, others, key) => {
  it.each(Object.keys(places))(`the tokens are as the table says within a second: %s`, async (place) => {
    const person = await newPerson()
    const codes = () =>
      Promise.all([person.own, person.others, person.key].map(({ token }) => places[place]?.(token) as Promise<string>))
    expect(await codes()).toEqual(['good', 'good', 'good'])
    await events[event]?.(person)
    const happened = performance.now()
    const expected = [own[0], others[0], key[0]]
    let found = await codes()
    const mayWait = place !== introspection
    while (mayWait && found.join() !== expected.join() && performance.now() - happened < 1000) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      found = await codes()
    }
    expect(found).toEqual(expected)
    const url = place === 'another node' ? second.url : first.url
    const refresh = ({ refresh_token }: Pair) => postJson(url, '/v1/token/refresh', { refresh_token })
    expect(codeOf(await refresh(person.own))).toBe(own[1])
    expect(codeOf(await refresh(person.others))).toBe(others[1])
    const exchanged = await exchange(url, person.key)
    expect(codeOf(exchanged)).toBe(key[1])
    if (event === 'another role') expect(exchanged.json.scope).toBe('*:* *:*:any')
    // What is exchanged or refreshed now is good, whatever was refused before.
    if (key[1] === 'good') expect(await places[place]?.(exchanged.json.token)).toBe('good')
  })
})

it('nothing of all this was the fault of a server', () => {
  expect([first.log, second.log]).toEqual([[], []])
})
