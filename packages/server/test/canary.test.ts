/**
 * No credential comes out where it was put in: canaries in every place of every request, then a search in each error, line of the
 * log, metric, row and message of a webhook (ASVS V16.2.5, V14.2.1, V13.3.1). On PostgreSQL a fifth of the requests, which
 * CANARY_SEED repeats; CANARY=all sends all of them.
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import { auditEventNames } from '../src/config/audit-event-names.js'
import { findCanaries } from './canary/forms.js'
import { malformed, placesOf } from './canary/places.js'
import { breakSessions, readDatabase, refuseRows } from './canary/read-database.js'
import { readOperations } from './routes/operations.js'
import { startsIn } from './running/starts-in.js'
import { type AskOptions, ask, temporaryFolder } from './server.js'
import { exchange } from './socket.js'
import { createRandom } from './store/growth/random.js'
import { createTestDatabase, storeName } from './store/test-store.js'
import { answerStatus, startReceiver } from './webhooks/receiver.js'

const { newFolder, serve } = startsIn(temporaryFolder())
const json = { 'content-type': 'application/json' }
const seed = Number(process.env.CANARY_SEED ?? Date.now() % 2 ** 31)
const random = createRandom(seed)
const isWhole = storeName === 'SQLite' || process.env.CANARY === 'all'
const isSent = () => isWhole || random.below(5) === 0
const canary = (name: string) => `${name}-${randomBytes(12).toString('hex')}`

it('finds what it looks for, in any spelling', () => {
  const canaries = {
    password: 'a canary passphrase 7c1f',
    token: `${'aGVhZGVy'.repeat(3)}.${'cGF5bG9hZA'.repeat(2)}.${'c2lnbmF0dXJl'.repeat(4)}`,
  }
  const { password, token } = canaries
  const spelt = [
    password,
    encodeURIComponent(password),
    Buffer.from(password).toString('hex'),
    `\\x${Buffer.from(password).toString('hex')}00`,
  ]
  const basic = ['x:', 'ab:', 'abc:'].map((user) => Buffer.from(`${user}${password}`).toString('base64'))
  for (const text of [...spelt, ...basic])
    expect([text, findCanaries(`x ${text} y`, canaries)]).toEqual([text, ['password']])
  for (const part of token.split('.').slice(1)) expect(findCanaries(part, canaries)).toEqual(['token'])
  expect(findCanaries(`${token.split('.')[0]} a canary passphrase`, canaries)).toEqual([])
})

it('no credential is in an error, the log, the metrics, the database or a message, wherever a client puts it', {
  timeout: 600_000,
}, async () => {
  const folder = newFolder()
  const database = await createTestDatabase(folder)
  const metricsPort = await freePort()
  const LATCHKEY_SECRET = canary('secret-of-the-keys')
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  // The first one is sent again, and that is logged.
  receiver.answer = (response, message) => answerStatus(receiver.received.length === 1 ? 500 : 204)(response, message)
  const webhooks = [receiver.settings(auditEventNames)]
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ webhooks }))
  const server = await serve({
    folder,
    environment: {
      // With hints in refusals, and with the headers of proxies read.
      ...{ ...database.environment, LATCHKEY_SECRET, NODE_ENV: 'development', LATCHKEY_TRUSTED_PROXIES: '1' },
      LATCHKEY_METRICS_PORT: String(metricsPort),
    },
  })
  let asked = 0
  // Each from another network, so that none is refused for the many before it.
  const forwarded = () => `10.${(asked >> 8) & 255}.${asked++ & 255}.1`
  const send = (method: string, path: string, { headers, ...options }: AskOptions = {}) =>
    ask(server.url, method, path, { ...options, headers: { 'x-forwarded-for': forwarded(), ...headers } })
  const post = (path: string, body: unknown, token?: string) =>
    send('POST', path, { headers: json, body: JSON.stringify(body), ...(token && { token }) })

  // What goes well: each credential is made and used.
  const password = canary('password')
  const labels = { device: canary('device'), nickname: canary('n').slice(0, 24), name: canary('name-of-a-key') }
  async function logIn(account: string, secret = password) {
    const answer = await post('/v1/token', { account, secret, type: 100, device: labels.device })
    expect(answer.status).toBe(201)
    return answer.json as { token: string; refresh_token: string }
  }
  for (const name of ['ann', 'bob']) {
    const user = { account: `${name}@example.org`, secret: password, type: 100, nickname: labels.nickname }
    expect((await post('/v1/client/register', user)).status).toBe(201)
  }
  const first = await logIn('ann@example.org')
  const agent = canary('agent')
  const refreshed = await send('POST', '/v1/token/refresh', {
    headers: { ...json, 'user-agent': agent },
    body: JSON.stringify({ refresh_token: first.refresh_token }),
  })
  const key = (await post('/v1/user/api-keys', { name: labels.name }, refreshed.json.token)).json
  const grant = `grant_type=client_credentials&client_id=${key.id}&client_secret=${key.key}`
  const granted = await send('POST', '/oauth/token', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: grant,
  })
  expect([refreshed.status, granted.status]).toEqual([201, 200])
  const newPassword = canary('new-password')
  const changed = await send('PUT', '/v1/user/secret', {
    ...{ headers: json, token: refreshed.json.token },
    body: JSON.stringify({ old_secret: password, new_secret: newPassword }),
  })
  expect(changed.status).toBe(200)
  const last = await logIn('ann@example.org', newPassword)

  const { databaseUrl } = database.config
  const canaries: Record<string, string> = {
    ...{ password, newPassword, wrong: canary('never-a-password'), agent, secret: LATCHKEY_SECRET },
    ...{ access: first.token, refresh: first.refresh_token, access2: last.token, refresh2: last.refresh_token },
    ...{ apiKey: key.key, ofApiKey: granted.json.access_token },
    // Whoever knows the path may send there.
    ...{ hook: receiver.secret.slice('whsec_'.length), hookPath: new URL(receiver.url).pathname },
    ...(databaseUrl !== undefined && { database: new URL(databaseUrl).password }),
  }
  const inDatabase = async () => {
    for (const [place, text] of await readDatabase(database)) {
      expect([place, findCanaries(text, canaries)]).toEqual([place, []])
    }
  }
  await inDatabase()

  // What goes wrong: in every place of every route.
  const routes = await readOperations({ ask: send })
  const found: unknown[] = []
  const statuses = new Map<number, number>()
  const kinds = ['password', 'access', 'refresh', 'apiKey', 'secret', 'database']
  for (const [name, credential] of Object.entries(canaries).filter(([one]) => kinds.includes(one))) {
    const { token } = await logIn('bob@example.org')
    for (const route of routes.filter(({ method, path }) => `${method} ${path}` !== 'DELETE /v1/user')) {
      for (const { method, path, isEchoed = false, ...options } of placesOf(route, credential, token).filter(isSent)) {
        const { status, text, json: body } = await send(method, path, options)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status < 400) continue
        const said = isEchoed ? JSON.stringify({ ...body, request: '', msg: '' }) : text
        const held = findCanaries(said, canaries)
        if (held.length > 0) found.push([name, held, method, path, options, text])
      }
    }
    for (const text of malformed(credential).filter(isSent)) {
      const answer = await exchange(server.port, text, 500)
      if (findCanaries(answer.replace(/"request":"[^"]*"/, ''), canaries).length > 0) found.push([name, text, answer])
    }
  }
  expect(found).toEqual([])
  await inDatabase()

  // What is the server's own fault: the database refuses rows, which PostgreSQL quotes, and queries that hold a credential.
  const { token } = await logIn('bob@example.org')
  await refuseRows(database)
  const refusedPassword = canary('refused-password')
  const carl = { account: 'carl@example.org', secret: refusedPassword, type: 100, nickname: labels.nickname }
  const login = { account: 'bob@example.org', secret: password, type: 100, device: labels.device }
  const change = { old_secret: password, new_secret: refusedPassword }
  for (const answer of [
    await post('/v1/client/register', carl),
    await post('/v1/token', login),
    await send('PUT', '/v1/user/secret', { headers: json, token, body: JSON.stringify(change) }),
  ]) {
    expect([answer.status, answer.json.code]).toEqual([500, 'server_error'])
  }
  await breakSessions(database)
  for (const credential of Object.values(canaries)) {
    const path = `/v1/user/api-keys/${encodeURIComponent(credential)}`
    // PostgreSQL says so as it does of a database that is being restored: 503.
    expect((await send('DELETE', path, { token })).status).toBeOneOf([500, 503])
    await post('/v1/token/refresh', { refresh_token: credential })
    await post('/v1/token', {
      account: 'bob@example.org',
      secret: password,
      type: 100,
      device: credential.slice(0, 64),
    })
  }

  const messages = JSON.stringify(receiver.received.map(({ message }) => message))
  expect(findCanaries(messages, canaries)).toEqual([])
  expect(new Set(receiver.received.map(({ message }) => message.type)).size).toBeGreaterThan(isWhole ? 8 : 4)
  expect(await server.logged('messages of a webhook are not taken; they are sent again')).toHaveLength(1)

  const metrics = (await ask(`http://127.0.0.1:${metricsPort}`, 'GET', '/metrics')).text
  expect(metrics).toContain('latchkey_http_requests_total')
  expect(findCanaries(metrics, { ...canaries, ...labels })).toEqual([])
  expect(await server.end()).toBe(0)
  const log = server.output.out + server.output.error
  const lines = log.split('\n').length
  console.log(
    `${storeName}, seed ${seed}, canaries: ${Object.keys(canaries).length}, requests: ${asked}, lines of the log: ${lines}, statuses: ${[...statuses]}`,
  )
  expect(server.lines('DELETE /v1/user/api-keys/:id failed')).toHaveLength(Object.keys(canaries).length)
  expect([lines > asked * 0.8, findCanaries(log, { ...canaries, ...labels, refusedPassword })]).toEqual([true, []])
  for (const route of ['POST /v1/client/register', 'PUT /v1/user/secret']) {
    expect(server.lines(`${route} failed`)).toHaveLength(1)
  }
  // What a refused row holds beside labels.
  for (const stored of ['$argon2id$', '@example.org']) expect([stored, log.includes(stored)]).toEqual([stored, false])
  await inDatabase()
  // Labels are stored, so the search would have found what is stored.
  const stored = [...(await readDatabase(database)).values()].join('\n')
  expect(findCanaries(stored, labels)).toEqual(Object.keys(labels))
})
