/** `latchkey probe` raises no false alarm: at our own server, and at correct APIs that other libraries guard. */
import { join } from 'node:path'
import fastifyJwt from '@fastify/jwt'
import express from 'express'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import { type Issuer, serveApp, startIssuer } from './probe/issuer.js'
import { describeApi, notHeld, runProbe, triedGroups, unproved } from './probe/run-probe.js'
import { ann, postJson, runCommand, secret, temporaryFolder } from './server.js'
import { type Serving, serve } from './start-process.js'

const folder = temporaryFolder()
const description = describeApi({
  'GET /orders': ['order:read'],
  'GET /orders/{id}': ['order:read'],
  'POST /orders': ['order:write'],
  'DELETE /orders/{id}': ['order:write'],
  'GET /public': 'open',
})
let issuer: Issuer
beforeAll(async () => {
  issuer = await startIssuer('RS256')
})

it('finds our own server closed, with the token of a login', async () => {
  const server = await serveOwn()
  await postJson(server.url, '/v1/client/register', ann)
  await runCommand(folder, ['user', 'role', ann.account, 'admin'])
  const { json } = await postJson(server.url, '/v1/token', { account: ann.account, secret, type: 100 })
  const openapi = `${server.url}/openapi.json`
  const { code, error, report, out } = await runProbe(
    folder,
    server.url,
    openapi,
    json.token,
    '--low-token',
    json.token,
  )
  expect([code, error, unproved(report)]).toEqual([0, '', []])
  expect(report.operations.map(({ operation }) => operation)).toEqual([
    'POST /v1/token/introspect',
    'GET /v1/user/sessions',
    'DELETE /v1/user/sessions',
    'DELETE /v1/user/sessions/{sid}',
    'PUT /v1/user/secret',
    'GET /v1/user/api-keys',
    'POST /v1/user/api-keys',
    'DELETE /v1/user/api-keys/{id}',
    'GET /v1/user',
    'PATCH /v1/user',
    'DELETE /v1/user',
    'GET /v1/user/{uid}',
    'DELETE /v1/user/{uid}',
    'GET /v1/admin/sessions',
    'DELETE /v1/admin/sessions',
    'DELETE /v1/admin/sessions/{sid}',
    'GET /v1/admin/audit',
  ])
  // It reads the body before the credential, which may be part of it.
  expect(report.findings.map(({ operation, outcome }) => [operation, outcome])).toEqual([
    ['POST /v1/token/introspect', 'warned'],
  ])
  expect(notHeld(report).filter((line) => !line.startsWith('POST /v1/token/introspect'))).toEqual([])
  expect(triedGroups(report)).toEqual(
    expect.arrayContaining(['none', 'empty', 'tampered', 'unsigned', 'confusion', 'foreign key', 'path', 'method']),
  )
  expect(report.openByDescription).toContain('POST /v1/token')
  expect(out).not.toContain(json.token)
  // Nothing was changed by it.
  const again = await postJson(server.url, '/v1/token', { account: ann.account, secret, type: 100 })
  expect(again.status).toBe(201)
}, 60_000)

async function serveOwn(): Promise<Serving> {
  const server = await serve({ folder, environment: { LATCHKEY_DATA: join(folder, 'data') } })
  onTestFinished(() => void server.end())
  return server
}

it('finds an API behind express-oauth2-jwt-bearer closed', async () => {
  const app = express()
  app.get('/public', (_request, response) => void response.json({}))
  app.use(auth({ issuer: issuer.url, audience: 'orders', jwksUri: `${issuer.url}/keys` }), express.json())
  app.get('/orders', requiredScopes('order:read'), (_request, response) => void response.json([]))
  app.get('/orders/:id', requiredScopes('order:read'), (_request, response) => void response.status(404).json({}))
  app.post('/orders', requiredScopes('order:write'), (_request, response) => void response.status(422).json({}))
  app.delete('/orders/:id', requiredScopes('order:write'), (_request, response) => void response.status(204).end())
  const url = await serveApp(app)
  await expectClosed(url, await issuer.token())
})

it('finds an API behind @fastify/jwt closed, with a shared secret that is in no list', async () => {
  const { url, app } = await serveFastify()
  app.setErrorHandler((error: { code?: string; statusCode?: number }, _request, reply) =>
    reply.code(error.code?.startsWith('FAST_JWT_') ? 401 : (error.statusCode ?? 500)).send({}),
  )
  await app.listen({ port: Number(url.port), host: url.hostname })
  await expectClosed(url.origin, orderToken(app, 'order:read'), {
    low: orderToken(app, 'order:write'),
    expired: orderToken(app, 'order:read', { iat: 1_000_000_000, exp: 1_000_000_001 }),
    other: orderToken(app, 'order:read', { aud: 'invoices' }),
  })
})

it('says of @fastify/jwt as it comes that it breaks at tokens of another algorithm, and that it is not open', async () => {
  const { url, app } = await serveFastify()
  await app.listen({ port: Number(url.port), host: url.hostname })
  const { code, report } = await runProbe(folder, url.origin, description, orderToken(app, 'order:read'))
  expect(code).toBe(0)
  expect(new Set(report.findings.map(({ group, message }) => `${group}: ${message}`))).toEqual(
    new Set(['unsigned: broke with 500', 'foreign key: broke with 500']),
  )
})

/** Not listening yet, as its hooks come before. */
async function serveFastify(): Promise<{ readonly url: URL; readonly app: FastifyInstance }> {
  const app = fastify()
  await app.register(fastifyJwt, { secret: 'kP3v9Qm2xT7wLr5yBn8cJd4gHs6fZa1e', verify: { allowedAud: 'orders' } })
  const guard = (scope: string) => ({
    onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
      await request.jwtVerify()
      const { scope: granted } = request.user as { scope: string }
      if (!granted.split(' ').includes(scope)) await reply.code(403).send({})
    },
  })
  app.get('/public', async () => ({}))
  app.get('/orders', guard('order:read'), async () => [])
  app.get('/orders/:id', guard('order:read'), async (_request, reply) => reply.code(404).send({}))
  app.post('/orders', guard('order:write'), async (_request, reply) => reply.code(422).send({}))
  app.delete('/orders/:id', guard('order:write'), async (_request, reply) => reply.code(204).send())
  onTestFinished(() => void app.close())
  return { url: new URL(`http://127.0.0.1:${await freePort()}`), app }
}

function orderToken(app: FastifyInstance, scope: string, more: object = {}): string {
  const { exp, iat } = { exp: Math.floor(Date.now() / 1000) + 3600, iat: Math.floor(Date.now() / 1000), ...more }
  return app.jwt.sign({ scope, aud: 'orders', sub: 'ann', ...more, iat, exp })
}

async function expectClosed(
  url: string,
  token: string,
  given?: { readonly low: string; readonly expired: string; readonly other: string },
): Promise<void> {
  const { low, expired, other } = given ?? {
    low: await issuer.token({ scope: 'order:write' }),
    expired: await issuer.token({}, 1_000_000_000),
    other: await issuer.token({ aud: 'invoices' }),
  }
  const words = ['--low-token', low, '--expired-token', expired, '--other-audience-token', other]
  const { code, error, report } = await runProbe(folder, url, description, token, ...words)
  expect([code, error, report.findings, notHeld(report), unproved(report)]).toEqual([0, '', [], [], []])
  expect(report.operations.map(({ controlStatus }) => controlStatus)).toEqual([200, undefined, 404, undefined])
  expect(report.openByDescription).toEqual(['GET /public'])
  expect(triedGroups(report)).toEqual(
    expect.arrayContaining(['unsigned', 'foreign key', 'expired', 'audience', 'path']),
  )
}
