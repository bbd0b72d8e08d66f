/** createLatchkey inside an application: what it handles and what it leaves alone. `mount.test.ts` runs it in each framework. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import express from 'express'
import { defineRoles } from 'latchkey'
import * as forExpress from 'latchkey/express'
import * as forHono from 'latchkey/hono'
import { expect, it, vi } from 'vitest'
import { ConfigurationError, createLatchkey } from '../src/index.js'
import { useEmbedded } from './embedded.js'
import { ann, ask, postJson, secret } from './server.js'

const embedded = useEmbedded()

it.each(['/v1/user/../../orders', '/v1/token/%2e%2e/%2e%2e/openapi.json', '/v1/user/../../healthz', '/v1/../v1x/user'])(
  'leaves %s to the application, as URLs are read',
  async (path) => {
    const app = express()
    app.use(forExpress.mount(embedded.latchkey))
    app.use((_, res) => {
      res.status(418).end()
    })
    expect((await ask(await embedded.start(createServer(app)), 'GET', path)).status).toBe(418)
  },
)

it('is a fetch handler by itself, which limits nobody whose address it does not know', async () => {
  const server = serve({
    fetch: embedded.latchkey.fetch,
    port: 0,
    hostname: '127.0.0.1',
    overrideGlobalObjects: false,
  }) as Server
  await once(server, 'listening')
  embedded.closeAfter(server)
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  const form = { ...ann, account: 'fetch@example.org' }
  expect((await postJson(url, '/v1/client/register', form)).status).toBe(201)
  const { token } = (await postJson(url, '/v1/token', { account: form.account, secret, type: 100 })).json
  const { sessions } = (await ask(url, 'GET', '/v1/user/sessions', { token })).json
  expect(sessions[0].address_prefix).toBe('127.0.0.0/24')

  const wrong = JSON.stringify({ account: 'A'.repeat(22), secret: 'lkk_x', type: 300 })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: wrong }
  const attempt = () => embedded.latchkey.fetch(new Request('http://localhost/v1/token', init))
  const answers = await Promise.all(Array.from({ length: 120 }, attempt))
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(120)
})

it('takes its own routes in absolute form, too', async () => {
  const app = express()
  app.use(forExpress.mount(embedded.latchkey))
  const { status, json } = await ask(await embedded.start(createServer(app)), 'GET', 'http://shop.example/v1/user')
  expect([status, json.code]).toEqual([401, 'token_invalid'])
})

it.each([
  [
    'a role',
    {
      roles: defineRoles({
        scopes: Array.from({ length: 600 }, (_, i) => `order${i}:read` as const),
        roles: { clerk: { allow: Array.from({ length: 600 }, (_, i) => `order${i}:read`) } },
      }),
    },
    '"clerk"',
  ],
  ['a list of audiences', { audiences: Array.from({ length: 32 }, (_, i) => `${i}`.padEnd(250, 'a')) }, '"user"'],
])(
  'is not made with %s that fits no token: not even with the longest that a login could ask for',
  async (_, config, name) => {
    const made = createLatchkey({ dataFolder: join(embedded.folder, 'too-long'), ...config } as object)
    await expect(made).rejects.toThrow(ConfigurationError)
    await expect(made).rejects.toThrow(name)
  },
)

it('stores in SQLite when a folder is named in code, whatever database the application has', async () => {
  vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:1/none')
  const own = await createLatchkey({ dataFolder: join(embedded.folder, 'own') })
  await own.close()
  vi.stubEnv('DATABASE_URL', undefined)
  expect(existsSync(join(embedded.folder, 'own', 'latchkey.db'))).toBe(true)
})

it('behind a body parser answers server_error, and the log says to move it up', async () => {
  const lines: unknown[] = []
  const { error } = console
  console.error = (line) => lines.push(line)
  try {
    const app = express()
    app.use(express.json())
    app.use(forExpress.mount(embedded.latchkey))
    const url = await embedded.start(createServer(app))
    const { status, json, text } = await postJson(url, '/v1/token', { account: 'a', secret, type: 100 })
    expect([status, json.code, json.detail]).toEqual([500, 'server_error', 'sorry, we made a mistake'])
    expect(text).not.toContain('parser')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('POST /v1/token failed')
    expect(lines[0]).toContain('mount Latchkey before body parsers')
    expect(lines[0]).not.toContain(secret)
  } finally {
    console.error = error
  }
})

it('answers what goes wrong inside with 500 and nothing of it, and logs it once with its stack', async () => {
  const other = await createLatchkey({ dataFolder: join(embedded.folder, 'broken') })
  const lines: string[] = []
  const { error } = console
  console.error = (line) => lines.push(line)
  try {
    await other.close()
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(ann) }
    const answer = await other.fetch(new Request('http://localhost/v1/client/register?secret=inquery', init))
    expect(answer.status).toBe(500)
    expect(await answer.json()).toEqual({
      ...{ type: 'urn:latchkey:error:server_error', title: 'Server error', status: 500, code: 'server_error' },
      ...{ detail: 'sorry, we made a mistake', msg: 'sorry, we made a mistake', error_code: 999 },
      request: 'POST /v1/client/register',
    })
  } finally {
    console.error = error
  }
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^latchkey: POST \/v1\/client\/register failed: .+\n +at /)
  for (const hidden of [secret, 'inquery', ann.account]) expect(lines[0]).not.toContain(hidden)
})

it('leaves the global Request and Response alone', () => {
  // Those that would replace them are made from them.
  expect(Object.getPrototypeOf(globalThis.Request)).toBe(Function.prototype)
  expect(Object.getPrototypeOf(globalThis.Response)).toBe(Function.prototype)
})

it('is an Auth: frozen, ready, and closed as often as asked', async () => {
  const other = await createLatchkey({ dataFolder: join(embedded.folder, 'other') })
  expect(Object.isFrozen(other)).toBe(true)
  expect(Object.keys(other).sort()).toEqual([
    ...['close', 'decide', 'explain', 'fetch', 'node', 'ready', 'scopes', 'status'],
  ])
  await other.ready()
  await other.close()
  await other.close()
})

it('needs no argument: the environment says where and who', async () => {
  vi.stubEnv('LATCHKEY_DATA', join(embedded.folder, 'by-environment'))
  vi.stubEnv('LATCHKEY_ISSUER', 'https://id.example')
  const other = await createLatchkey()
  const document = await other.fetch(new Request('http://localhost/openapi.json'))
  expect((await document.json()).servers).toEqual([{ url: 'https://id.example' }])
  expect(existsSync(join(embedded.folder, 'by-environment', 'latchkey.db'))).toBe(true)
  await other.close()
  vi.stubEnv('LATCHKEY_ISSUER', 'no url')
  await expect(createLatchkey()).rejects.toThrow('LATCHKEY_ISSUER (environment) must be')
  vi.stubEnv('LATCHKEY_ISSUER', undefined)
  vi.stubEnv('LATCHKEY_DATA', undefined)
  // @ts-expect-error: there is no such setting
  await expect(createLatchkey({ prot: 1 })).rejects.toThrow('"prot" (argument) is not a setting')
})

it('serves everything when nothing stands beside it', async () => {
  const { node, fetch } = embedded.latchkey
  const url = await embedded.start(createServer(node as never))
  expect((await ask(url, 'GET', '/healthz')).json).toEqual({ status: 'ok' })
  expect((await fetch(new Request('http://localhost/healthz'))).status).toBe(200)
  expect((await fetch(new Request('http://localhost/else'))).status).toBe(404)
  const passed = await fetch(new Request('http://localhost/healthz'), async () => 'the application')
  expect(passed).toBe('the application')
})

it('grants by the roles that are given, keeps the built-in ones, and refuses a misspelt scope', async () => {
  const roles = defineRoles({
    scopes: ['order:read', 'order:cancel'],
    roles: { user: { allow: ['order:*'], forbid: ['order:cancel'] } },
  })
  const shop = await createLatchkey({ roles, dataFolder: join(embedded.folder, 'shop') })
  expect(shop.scopes).toEqual([
    'order:read',
    'order:cancel',
    'user:read',
    'user:write',
    'user:read:any',
    'user:delete:any',
    'session:read:any',
    'session:delete:any',
    'audit:read:any',
    'token:introspect',
    'revocation:read',
  ])
  const app = express()
  app.use(forExpress.mount(shop))
  app.get('/read', forExpress.guard(shop, 'order:read'), (_, res) => void res.json({}))
  app.get('/cancel', forExpress.guard(shop, 'order:cancel'), (_, res) => void res.json({}))
  const url = await embedded.start(createServer(app))
  await postJson(url, '/v1/client/register', ann)
  const { json } = await postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })
  expect(json.scope).toBe('order:* !order:cancel')
  expect((await ask(url, 'GET', '/read', { token: json.token })).status).toBe(200)
  expect((await ask(url, 'GET', '/cancel', { token: json.token })).status).toBe(403)
  // @ts-expect-error: order:raed is not among the scopes
  expect(() => forExpress.guard(shop, 'order:raed')).toThrow('order:raed')
  expect(() => forHono.guard(shop, 'user:read:any')).not.toThrow()
  await shop.close()
})

it('signs with a shared secret when told so, and publishes no key then', async () => {
  const other = await createLatchkey({ algorithm: 'HS256', dataFolder: join(embedded.folder, 'hs256') })
  const init = (body: object) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await other.fetch(new Request('http://localhost/v1/client/register', init(ann)))
  const login = await other.fetch(
    new Request('http://localhost/v1/token', init({ account: ann.account, secret, type: 100 })),
  )
  const { token } = await login.json()
  const own = await other.fetch(
    new Request('http://localhost/v1/user', { headers: { authorization: `Bearer ${token}` } }),
  )
  expect([login.status, own.status]).toEqual([201, 200])
  const keys = await other.fetch(new Request('http://localhost/.well-known/jwks.json'))
  expect(await keys.json()).toEqual({ keys: [], keys_version: 0 })
  await other.close()
})

it('lets tokens live as long as it is told, and not a second longer', async () => {
  let now = Date.now()
  const other = await createLatchkey({
    accessTtlSeconds: 60,
    clock: () => now,
    dataFolder: join(embedded.folder, 'ttl'),
  })
  const init = (body: object) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await other.fetch(new Request('http://localhost/v1/client/register', init(ann)))
  const login = await other.fetch(
    new Request('http://localhost/v1/token', init({ account: ann.account, secret, type: 100 })),
  )
  const { token, expires_in } = await login.json()
  const status = async () => {
    const headers = { authorization: `Bearer ${token}` }
    const guarded = await other.fetch(new Request('http://localhost/v1/user', { headers }))
    const asked = await other.fetch(new Request('http://localhost/v1/token/secret', init({ token })))
    return [guarded.status, asked.status, (await guarded.json()).code, (await asked.json()).code]
  }
  expect(expires_in).toBe(60)
  now = (Math.floor(now / 1000) + 59) * 1000
  expect(await status()).toEqual([200, 200, undefined, undefined])
  now += 1000
  expect(await status()).toEqual([401, 401, 'token_expired', 'token_expired'])
  await other.close()
})
