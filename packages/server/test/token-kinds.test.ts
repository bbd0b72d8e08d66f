/** Each credential at each way in: taken where it belongs, and nowhere else (row 12 of what has gone wrong elsewhere). */
import { beforeAll, describe, expect, it } from 'vitest'
import { base64, basic, makeKey, sendForm } from './oauth/clients.js'
import { type Answer, ann, ask, secret, useServer } from './server.js'

const server = useServer({ audiences: ['orders'], feedAccess: 'key' })
const root = { ...ann, account: 'root@example.org' }

/** What is shown: of a user with every scope, so that no scope is what is missing. */
const kinds = [
  'access token',
  'access token of an API key',
  'access token for another audience',
  'refresh token',
  'API key',
  'password',
] as const
type Kind = (typeof kinds)[number]

const logIn = async (more: object = {}) =>
  (await server.post('/v1/token', { account: root.account, secret, type: 100, ...more })).json

const made = {} as { id: string; credentials: Readonly<Record<Kind, string>> }
beforeAll(async () => {
  await server.post('/v1/client/register', root)
  await server.run('user', 'role', root.account, 'admin')
  const { token, refresh_token } = await logIn()
  const { id, key } = await makeKey(server, token, { scope: '*:* *:*:any' })
  const exchanged = (await server.post('/v1/token', { account: id, secret: key, type: 300 })).json
  made.id = id
  made.credentials = {
    'access token': token,
    'access token of an API key': exchanged.token,
    'access token for another audience': (await logIn({ audience: ['orders'] })).token,
    'refresh token': refresh_token,
    'API key': key,
    password: secret,
  }
  for (const text of Object.values(made.credentials)) expect(text).toEqual(expect.any(String))
})

const post = (path: string, body: object) => server.post(path, body)
const postForm = (path: string, body: Record<string, string>, headers: Record<string, string> = {}) =>
  sendForm(server.url, path, body, headers)
const get = (path: string, authorization: string) => ask(server.url, 'GET', path, { headers: { authorization } })
const ofKey = (key: string) => basic(made.id, key).authorization
const asCaller = (authorization: string) =>
  postForm('/v1/token/introspect', { token: made.credentials['access token'] }, { authorization })

const ofOurs: readonly Kind[] = ['access token', 'access token of an API key']
const ways: readonly (readonly [way: string, takes: readonly Kind[], show: (text: string) => Promise<Answer>])[] = [
  ['a guard, by Bearer', ofOurs, (text) => get('/v1/user', `Bearer ${text}`)],
  ['a guard, by Basic', ofOurs, (text) => get('/v1/user', `Basic ${base64(`${text}:`)}`)],
  ['a guard, as the password of Basic', [], (text) => get('/v1/user', `Basic ${base64(`ann:${text}`)}`)],
  ['the feed, by Bearer', ofOurs, (text) => get('/v1/revocations', `Bearer ${text}`)],
  ['the feed, as a key', ['API key'], (text) => get('/v1/revocations', ofKey(text))],
  ['a refresh', ['refresh token'], (text) => post('/v1/token/refresh', { refresh_token: text })],
  ['what a token says', ofOurs, (text) => post('/v1/token/secret', { token: text })],
  ['a login', ['password'], (text) => post('/v1/token', { account: root.account, secret: text, type: 100 })],
  ['a login by API key', ['API key'], (text) => post('/v1/token', { account: made.id, secret: text, type: 300 })],
  [
    'an OAuth client, in the form',
    ['API key'],
    (text) => postForm('/oauth/token', { grant_type: 'client_credentials', client_id: made.id, client_secret: text }),
  ],
  [
    'an OAuth client, by Basic',
    ['API key'],
    (text) => postForm('/oauth/token', { grant_type: 'client_credentials' }, basic(made.id, text)),
  ],
  ['who introspects, by Bearer', ofOurs, (text) => asCaller(`Bearer ${text}`)],
  ['who introspects, by Basic', ['API key'], (text) => asCaller(ofKey(text))],
]

describe.each(ways)('%s', (_, takes, show) => {
  it.each(kinds)('with the %s', async (kind) => {
    const { status, json } = await show(made.credentials[kind])
    if (takes.includes(kind)) expect([status, json]).toEqual([expect.toBeOneOf([200, 201]), expect.anything()])
    else expect([status, json.error_code]).toEqual([expect.toBeOneOf([400, 401]), expect.any(Number)])
  })
})

it.each(kinds)('introspection says of the %s what it is', async (kind) => {
  const headers = basic(made.id, made.credentials['API key'])
  const { json } = await postForm('/v1/token/introspect', { token: made.credentials[kind] }, headers)
  expect(json.active).toBe(kind.startsWith('access token'))
})

it('no session ended by what was shown', async () => {
  expect((await get('/v1/user', `Bearer ${made.credentials['access token']}`)).status).toBe(200)
  expect((await get('/v1/user', `Bearer ${made.credentials['access token of an API key']}`)).status).toBe(200)
})
