/** `latchkey probe` finds the applications of examples/ closed. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeApi, notHeld, runProbe, triedGroups, unproved } from './probe/run-probe.js'
import { freePorts, startExample } from './probe/start-example.js'
import { ann, postJson, runCommand, secret, temporaryFolder } from './server.js'
import { type Serving, serve } from './start-process.js'

const folder = temporaryFolder()
const orders = describeApi({ 'GET /orders': [], 'DELETE /orders/{id}': ['order:cancel'] })
const alwaysTried = ['none', 'empty', 'tampered', 'unsigned', 'confusion', 'foreign key', 'path', 'method']
let server: Serving
beforeAll(async () => {
  server = await serve({ folder, environment: { LATCHKEY_DATA: join(folder, 'data') } })
  for (const account of ['ann@example.org', 'bob@example.org']) {
    await postJson(server.url, '/v1/client/register', { ...ann, account })
  }
  await runCommand(folder, ['user', 'role', ann.account, 'admin'])
})
afterAll(() => server.end())

async function logIn(url: string, account: string, more: object = {}): Promise<string> {
  const { json } = await postJson(url, '/v1/token', { account, secret, type: 100, ...more })
  return json.token
}

it.each(['express.js', 'fastify.js', 'hono.js', 'koa.js', 'nest.ts', 'node.js'])(
  '%s, with its scopes',
  async (name) => {
    const ports = { ...(await freePorts()), serverPort: server.port }
    await startExample(join(folder, name), name, ports, ports.port)
    const admin = await logIn(server.url, ann.account)
    const low = await logIn(server.url, 'bob@example.org')
    const url = `http://localhost:${ports.port}`
    const words = ['--low-token', low, '--write', '--jwks', `${server.url}/.well-known/jwks.json`]
    const { code, error, report } = await runProbe(folder, url, orders, admin, ...words)
    expect([code, error, report.findings, notHeld(report), unproved(report)]).toEqual([0, '', [], [], []])
    expect(triedGroups(report)).toEqual(expect.arrayContaining([...alwaysTried, 'scope']))
  },
  60_000,
)

it('embedded.js, its login included', async () => {
  const ports = await freePorts()
  await startExample(join(folder, 'embedded'), 'embedded.js', ports, ports.port)
  const url = `http://localhost:${ports.port}`
  await postJson(url, '/v1/client/register', ann)
  const document = describeApi({
    'GET /orders': ['order:read'],
    'DELETE /orders/{id}': ['order:cancel'],
    'GET /v1/user': [],
    'GET /healthz': 'open',
  })
  const words = ['--jwks', `${url}/.well-known/jwks.json`]
  const { code, error, report } = await runProbe(folder, url, document, await logIn(url, ann.account), ...words)
  expect([code, error, report.findings, notHeld(report), unproved(report)]).toEqual([0, '', [], [], []])
  expect(triedGroups(report)).toEqual(alwaysTried)
}, 60_000)

it('two-services, where a token for the identity server itself is for another audience', async () => {
  const ports = await freePorts()
  const place = join(folder, 'two-services')
  await startExample(place, 'two-services/identity.js', ports, ports.serverPort)
  await startExample(place, 'two-services/orders.js', ports, ports.port)
  const identity = `http://localhost:${ports.serverPort}`
  await postJson(identity, '/v1/client/register', ann)
  const token = await logIn(identity, ann.account, { audience: ['orders'] })
  const words = ['--other-audience-token', await logIn(identity, ann.account, { audience: [identity] })]
  const url = `http://localhost:${ports.port}`
  const { code, error, report } = await runProbe(folder, url, describeApi({ 'GET /orders': [] }), token, ...words)
  expect([code, error, report.findings, notHeld(report), unproved(report)]).toEqual([0, '', [], [], []])
  expect(triedGroups(report)).toEqual(expect.arrayContaining([...alwaysTried, 'audience']))
}, 60_000)
