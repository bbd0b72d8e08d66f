/** An administrator sees where a user is logged in, and ends that: one login, or all of them. */
import { expect, it } from 'vitest'
import { type Answer, ann, ask, secret, startNode, useServer } from './server.js'

const server = useServer()
const send = (token: string, method: string, path: string): Promise<Answer> => server.ask(method, path, { token })
const logIn = async (account: string, more: object = {}) => {
  const { json } = await server.post('/v1/token', { account, secret, type: 100, ...more })
  return { ...json, sid: JSON.parse(Buffer.from(json.token.split('.')[1], 'base64url').toString()).sid }
}

let count = 0
async function newUser(role = 'user') {
  const account = `user${++count}@example.org`
  const { uid } = (await server.post('/v1/client/register', { ...ann, account })).json
  if (role !== 'user') expect(await server.run('user', 'role', uid, role)).toBe(0)
  return { account, uid, ...(await logIn(account, { device: 'phone' })) }
}

it('the list is the one that the user sees, the newest first; which one asks is the only difference', async () => {
  const [admin, user] = [await newUser('admin'), await newUser()]
  const second = await logIn(user.account, { device: 'laptop' })
  const own = (await send(second.token, 'GET', '/v1/user/sessions')).json.sessions
  const { status, json } = await send(admin.token, 'GET', `/v1/admin/sessions?user=${user.uid}`)
  expect([status, Object.keys(json)]).toEqual([200, ['sessions']])
  expect(json.sessions).toEqual(own.map((session: object) => ({ ...session, current: false })))
  expect(json.sessions.map(({ device }: { device: string }) => device).sort()).toEqual(['laptop', 'phone'])
  const ofAdmin = (await send(admin.token, 'GET', `/v1/admin/sessions?user=${admin.uid}`)).json.sessions
  expect(ofAdmin).toEqual([expect.objectContaining({ sid: admin.sid, current: true })])
})

it('one login ends on each node, with its refresh token; the others and the API keys go on', async () => {
  const other = await startNode(server.database)
  const [admin, user] = [await newUser('admin'), await newUser()]
  const second = await logIn(user.account)
  const headers = { 'content-type': 'application/json' }
  const key = await server.ask('POST', '/v1/user/api-keys', { token: user.token, headers, body: '{"name":"one"}' })
  const ended = await send(admin.token, 'DELETE', `/v1/admin/sessions/${user.sid}`)
  const request = `DELETE /v1/admin/sessions/${user.sid}`
  expect([ended.status, ended.json]).toEqual([202, { msg: 'ok', error_code: 1, request }])
  expect((await send(user.token, 'GET', '/v1/user')).json.code).toBe('token_revoked')
  const elsewhere = async () => (await ask(other.url, 'GET', '/v1/user', { token: user.token })).json.code
  await expect.poll(elsewhere).toBe('token_revoked')
  const { refresh_token } = user
  expect((await server.post('/v1/token/refresh', { refresh_token })).json.code).toBe('refresh_invalid')
  expect((await send(second.token, 'GET', '/v1/user')).status).toBe(200)
  const exchange = { account: key.json.id, secret: key.json.key, type: 300 }
  expect((await server.post('/v1/token', exchange)).status).toBe(201)
  const left = (await send(admin.token, 'GET', `/v1/admin/sessions?user=${user.uid}`)).json.sessions
  expect(left.map(({ sid }: { sid: string }) => sid)).toEqual([second.sid])
  await other.close()
})

it('all logins of a user end, and nobody else’s', async () => {
  const [admin, user, bystander] = [await newUser('admin'), await newUser(), await newUser()]
  const second = await logIn(user.account)
  const ended = await send(admin.token, 'DELETE', `/v1/admin/sessions?user=${user.uid}`)
  expect(ended.status).toBe(202)
  for (const { token } of [user, second]) {
    expect((await send(token, 'GET', '/v1/user')).json.code).toBe('token_revoked')
  }
  expect((await send(admin.token, 'GET', `/v1/admin/sessions?user=${user.uid}`)).json.sessions).toEqual([])
  for (const { token } of [admin, bystander]) expect((await send(token, 'GET', '/v1/user')).status).toBe(200)
  // It is no ban: whoever shall stay out is disabled.
  expect((await logIn(user.account)).token).toBeDefined()
})

it('who or what is not there is 404, and a request that names nobody ends nothing', async () => {
  const [admin, user] = [await newUser('admin'), await newUser()]
  const gone = await newUser()
  await send(gone.token, 'DELETE', '/v1/user')
  const headers = { 'content-type': 'application/json' }
  const key = await server.ask('POST', '/v1/user/api-keys', { token: user.token, headers, body: '{"name":"one"}' })
  for (const uid of [gone.uid, '987654321']) {
    for (const method of ['GET', 'DELETE']) {
      const { status, json } = await send(admin.token, method, `/v1/admin/sessions?user=${uid}`)
      expect([method, status, json.code]).toEqual([method, 404, 'not_found'])
    }
  }
  for (const sid of [gone.sid, key.json.id, 'A'.repeat(22), 'x', '%00']) {
    const { status, json } = await send(admin.token, 'DELETE', `/v1/admin/sessions/${sid}`)
    expect([sid, status, json.code]).toEqual([sid, 404, 'not_found'])
  }
  for (const query of ['', '?user=', '?user=0', '?user=x', '?uid=1', '?user=1&user=2', '?user=1%20or%201']) {
    for (const method of ['GET', 'DELETE']) {
      const { status, json } = await send(admin.token, method, `/v1/admin/sessions${query}`)
      expect([method, query, status, Object.keys(json.msg)]).toEqual([method, query, 400, ['user']])
    }
  }
  expect((await send(user.token, 'GET', '/v1/user')).status).toBe(200)
  expect(server.log).toEqual([])
})
