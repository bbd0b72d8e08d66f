/** The table of PROTOCOL section 4, cell by cell: what ends or changes a session, and what becomes of its tokens where. */
import { createAuth } from 'latchkey'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'
import { openAccounts } from '../src/create-latchkey/open-accounts.js'
import { ann, ask, type Node, postJson, secret, startNode, useServer } from './server.js'

const issuer = 'https://id.example'
const first = useServer({ issuer })
let second: Node
let service: ReturnType<typeof createAuth>
let accounts: Awaited<ReturnType<typeof openAccounts>>
beforeAll(async () => {
  second = await startNode(first.database, { issuer })
  service = createAuth({ server: second.url, issuer })
  await service.ready()
  const argument = { ...first.database.config, issuer }
  accounts = await openAccounts(await readConfig({ argument, environment: {}, folder: first.folder }))
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
interface Person {
  readonly uid: string
  readonly account: string
  /** The session that the event comes from, and another one of the same user. */
  readonly own: Pair
  readonly others: Pair
}

let count = 0
async function newPerson(): Promise<Person> {
  const account = `person${++count}@example.org`
  const { uid } = (await first.post('/v1/client/register', { ...ann, account })).json
  const logIn = async () => (await first.post('/v1/token', { account, secret, type: 100 })).json
  return { uid, account, own: await logIn(), others: await logIn() }
}

const sidOf = ({ token }: Pair) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sid
const put = (token: string, path: string, body: object) =>
  ask(first.url, 'PUT', path, { token, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

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
  'a new secret': ({ own }) =>
    put(own.token, '/v1/user/secret', { old_secret: secret, new_secret: 'a newer passphrase' }),
  'another role': ({ uid }) => accounts.accounts.setRole(uid, 'admin'),
  disabling: ({ uid }) => accounts.accounts.disable(uid),
  deleting: ({ own }) => ask(first.url, 'DELETE', '/v1/user', { token: own.token }),
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
const codeOf = ({ status, json }: { status: number; json: { code: string } }) => (status < 300 ? 'good' : json.code)

/** What becomes of the session that the event comes from, and of the other: access token, refresh token. */
const table: [event: string, own: [string, string], others: [string, string]][] = [
  ['logout', ['token_revoked', 'refresh_invalid'], ['good', 'good']],
  ['logout of another', ['good', 'good'], ['token_revoked', 'refresh_invalid']],
  ['logout everywhere', ['token_revoked', 'refresh_invalid'], ['token_revoked', 'refresh_invalid']],
  ['theft', ['token_revoked', 'refresh_invalid'], ['good', 'good']],
  // The session that changed it got a new pair; the pair before is refused like the others'.
  ['a new secret', ['token_revoked', 'refresh_invalid'], ['token_revoked', 'refresh_invalid']],
  ['another role', ['token_revoked', 'good'], ['token_revoked', 'good']],
  ['disabling', ['token_revoked', 'refresh_invalid'], ['token_revoked', 'refresh_invalid']],
  ['deleting', ['token_revoked', 'refresh_invalid'], ['token_revoked', 'refresh_invalid']],
]

describe.each(table)('after %s', (event, own, others) => {
  it.each(Object.keys(places))(`the tokens are as the table says within a second: %s`, async (place) => {
    const person = await newPerson()
    const codes = async () => [await places[place]?.(person.own.token), await places[place]?.(person.others.token)]
    expect(await codes()).toEqual(['good', 'good'])
    await events[event]?.(person)
    const happened = performance.now()
    const expected = [own[0], others[0]]
    let found = await codes()
    while (found.join() !== expected.join() && performance.now() - happened < 1000) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      found = await codes()
    }
    expect(found).toEqual(expected)
    const url = place === 'another node' ? second.url : first.url
    for (const [pair, code] of [
      [person.own, own[1]],
      [person.others, others[1]],
    ] as const) {
      const answer = await postJson(url, '/v1/token/refresh', { refresh_token: pair.refresh_token })
      expect(codeOf(answer)).toBe(code)
    }
  })
})

it('nothing of all this was the fault of a server', () => {
  expect([first.log, second.log]).toEqual([[], []])
})
