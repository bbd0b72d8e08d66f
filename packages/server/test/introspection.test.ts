/** Introspection (RFC 7662): what an access token says, if it is good at this moment. What ends one: `what-ends-sessions-twice.test.ts`. */
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { openStore } from '../src/store/open-store.js'
import { basic, type Key, makeKey, sendForm } from './oauth/clients.js'
import { type Answer, ann, type Fixture, secret, useServer } from './server.js'
import { until } from './until.js'

const path = '/v1/token/introspect'
const issuer = 'https://id.example'
const config = { issuer, audiences: ['orders'] }
const server = useServer(config)
let nowMs = Date.now()
const stopped = useServer({ ...config, clock: () => nowMs })

const root = { ...ann, account: 'root@example.org' }
const resources = new Map<Fixture, Key>()
let anns: Key
beforeAll(async () => {
  for (const fixture of [server, stopped]) {
    await fixture.post('/v1/client/register', ann)
    await fixture.post('/v1/client/register', root)
    await fixture.run('user', 'role', root.account, 'admin')
  }
})
beforeEach(async () => {
  anns = await makeKey(server, await server.logIn())
  for (const fixture of [server, stopped]) {
    resources.set(fixture, await makeKey(fixture, await fixture.logIn(root.account), { scope: 'token:introspect' }))
  }
})

const logIn = async (account: string, more: object = {}) =>
  (await server.post('/v1/token', { account, secret, type: 100, ...more })).json
const headersFor = (fixture: Fixture) => {
  const { id, key } = resources.get(fixture) as Key
  return basic(id, key)
}
const ask = (token: string, fixture = server, headers: Record<string, string> = headersFor(fixture)): Promise<Answer> =>
  sendForm(fixture.url, path, { token }, headers)
const introspect = async (token: string, headers = headersFor(server)) => (await ask(token, server, headers)).json
const partOf = (token: string, part: 0 | 1) =>
  JSON.parse(Buffer.from(token.split('.')[part] as string, 'base64url').toString())

it('says of a login’s token what it says, whomever it is for', async () => {
  const { token, uid } = await logIn(ann.account, { audience: ['orders'], scope: 'user:read' })
  expect(await introspect(token)).toEqual({
    ...{ active: true, token_type: 'Bearer', iss: issuer, aud: ['orders'], sub: uid, client_id: 'latchkey' },
    ...{ scope: 'user:read', client_type: 100, gen: 0, sid: expect.any(String), jti: expect.any(String) },
    ...{ iat: expect.any(Number), exp: expect.any(Number), auth_time: expect.any(Number) },
  })
})

it('says of everything else that it is not active, and no more', async () => {
  const { token, refresh_token } = await logIn(ann.account)
  const forged = `${token.slice(0, -4)}AAAA`
  for (const text of [refresh_token, anns.key, forged, 'x', '']) {
    const { json } = await server.ask('POST', path, {
      headers: { 'content-type': 'application/json', ...headersFor(server) },
      body: JSON.stringify({ token: text }),
    })
    expect(json).toEqual({ active: false })
  }
  // Nothing happened to the login.
  expect((await server.post('/v1/token/refresh', { refresh_token })).status).toBe(201)
})

it('knows at once what was refreshed, revoked, or lowered', async () => {
  const { token, uid } = await logIn(root.account)
  expect(uid).toBe('2')
  expect((await introspect(token)).active).toBe(true)
  await sendForm(server.url, '/v1/token/revoke', { token })
  expect(await introspect(token)).toEqual({ active: false })
  const lowered = await logIn(ann.account)
  await server.run('user', 'role', ann.account, 'admin')
  expect(await introspect(lowered.token)).toEqual({ active: false })
  await server.run('user', 'role', ann.account, 'user')
  const bob = { ...ann, account: 'bob@example.org' }
  await server.post('/v1/client/register', bob)
  const disabled = await logIn(bob.account)
  await server.run('user', 'disable', bob.account)
  expect(await introspect(disabled.token)).toEqual({ active: false })
  // What the database says is ahead of every feed.
  const ended = await logIn(ann.account)
  const store = await openStore(server.database.storeOptions)
  const { sid } = await introspect(ended.token)
  await store.transaction((t) => t.updateTable('sessions').set({ ended_at: 1 }).where('sid', '=', sid).execute())
  await store.close()
  expect(await introspect(ended.token)).toEqual({ active: false })
})

it('takes an access token with the scope, by Bearer or Basic', async () => {
  const { token } = await logIn(root.account)
  for (const headers of [{ authorization: `Bearer ${token}` }, basic(token, '')]) {
    expect((await introspect(token, headers)).active).toBe(true)
  }
})

it('is for nobody else', async () => {
  const { token } = await logIn(ann.account)
  const wide = await makeKey(server, await server.logIn(root.account), { scope: 'user:read' })
  const refusal = async (headers: Record<string, string>) => {
    const { status, json, headers: answered } = await sendForm(server.url, path, { token }, headers)
    return [status, json.error, answered.get('www-authenticate')?.split(' ')[0]]
  }
  expect(await refusal({})).toEqual([401, 'invalid_client', 'Bearer'])
  expect(await refusal({ authorization: `Bearer ${token}` })).toEqual([403, 'unauthorized_client', 'Bearer'])
  expect(await refusal(basic(anns.id, anns.key))).toEqual([403, 'unauthorized_client', 'Bearer'])
  expect(await refusal(basic(wide.id, wide.key))).toEqual([403, 'unauthorized_client', 'Bearer'])
  expect(await refusal(basic(anns.id, (resources.get(server) as Key).key))).toEqual([401, 'invalid_client', 'Basic'])
})

it('says of a token that it is active until the second before its exp, and not at it', async () => {
  const token = await stopped.logIn()
  const { iat, exp } = partOf(token, 1)
  const activeAt = async (ms: number) => {
    nowMs = ms
    const { status, json } = await ask(token, stopped)
    return [status, json.active, Object.keys(json).length > 1]
  }
  expect(await activeAt(iat * 1000)).toEqual([200, true, true])
  expect(await activeAt((exp - 1) * 1000)).toEqual([200, true, true])
  expect(await activeAt(exp * 1000 - 1)).toEqual([200, true, true])
  expect(await activeAt(exp * 1000)).toEqual([200, false, false])
  expect((await ask(token, stopped)).json).toEqual({ active: false })
})

it('says of a token whose key was retired at once that it is not active, and of a newer one that it is', async () => {
  const token = await server.logIn()
  expect((await introspect(token)).active).toBe(true)
  expect(await server.run('key', 'retire', '--now', partOf(token, 0).kid)).toBe(0)
  await until(async () => !(await introspect(token)).active)
  expect(await introspect(token)).toEqual({ active: false })
  expect((await introspect(await server.logIn())).active).toBe(true)
})

it('may be kept by nobody, whatever is answered, and is asked by POST alone', async () => {
  const answers = [
    await ask(await server.logIn()),
    await ask('x'),
    await ask('x', server, {}),
    await ask('x', server, basic(anns.id, anns.key)),
    await sendForm(server.url, path, {}, headersFor(server)),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 403, 400])
  expect(answers.map(({ headers }) => headers.get('cache-control'))).toEqual(answers.map(() => 'no-store'))
  for (const query of ['', `?token=${await server.logIn()}`]) {
    const { status, headers, json } = await server.ask('GET', path + query, { headers: headersFor(server) })
    expect([status, headers.get('allow'), json.code]).toEqual([405, 'POST, OPTIONS', 'http_error'])
  }
})

it('nothing of all this was the fault of a server', () => {
  expect([server.log, stopped.log]).toEqual([[], []])
})
