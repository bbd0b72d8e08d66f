/** Two servers on one PostgreSQL behind nginx with examples/proxy.conf. */
import { request } from 'node:http'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../../query/test/postgres.js'
import { ann, ask, postJson, secret, temporaryFolder } from '../server.js'
import { type Serving, serving, startProcess, untilServes } from '../start-process.js'
import { createPostgresDatabase } from '../store/test-store.js'
import { until } from '../until.js'
import { latchkeyCommand, programFolders } from './examples.js'
import { startLosingRelay } from './losing-relay.js'
import { findNginx, type RunningProxy, startProxy } from './nginx.js'

const folder = temporaryFolder()
const register = (url: string, account: string) => postJson(url, '/v1/client/register', { ...ann, account })
const logIn = (url: string, account = ann.account) => postJson(url, '/v1/token', { account, secret, type: 100 })
const refresh = (url: string, token: string) => postJson(url, '/v1/token/refresh', { refresh_token: token })

const nginx = process.platform === 'linux' ? findNginx() : undefined
if (!nginx) console.warn('SKIPPED the proxy: there is no nginx, and it cannot be installed')
describe.runIf(nginx !== undefined)('proxy.conf', () => {
  let ports: [number, number]
  const servers: Serving[] = []
  let proxy: RunningProxy
  let environment: Record<string, string>
  async function start(port: number): Promise<Serving> {
    const options = { environment: { ...environment, PORT: String(port) }, folder }
    const server = await untilServes(serving(startProcess(latchkeyCommand, ['serve', '--json'], options), port))
    servers.push(server)
    return server
  }
  function end(server: Serving, signal: NodeJS.Signals): Promise<number | string> {
    servers.splice(servers.indexOf(server), 1)
    return server.end(signal)
  }
  const through = async (addresses: [number, number]) => {
    const other = await startProxy(nginx as string, addresses)
    onTestFinished(() => other.stop())
    return other.url
  }
  beforeAll(async () => {
    // As in compose.yaml.
    environment = {
      PATH: programFolders,
      DATABASE_URL: await createPostgresDatabase(),
      LATCHKEY_SECRET: 'a secret of more than thirty-two bytes',
      LATCHKEY_ISSUER: 'http://localhost:8080',
      LATCHKEY_TRUSTED_PROXIES: '1',
    }
    ports = [await freePort(), await freePort()]
    // Both at once, on an empty database.
    await Promise.all(ports.map(start))
    proxy = await startProxy(nginx as string, ports)
    await register(proxy.url, ann.account)
  })
  afterAll(async () => {
    await proxy?.stop()
    for (const server of servers) expect([await server.end('SIGTERM'), server.output.error]).toEqual([0, ''])
  })

  it('leads through to both servers: register, log in, refresh, a guarded route', async () => {
    expect((await register(proxy.url, 'new@example.org')).status).toBe(201)
    const { json } = await logIn(proxy.url, 'new@example.org')
    const refreshed = await refresh(proxy.url, json.refresh_token)
    expect([refreshed.status, refreshed.headers.get('cache-control')]).toEqual([201, 'no-store'])
    for (let i = 0; i < 4; i++) {
      const { status, json: profile } = await ask(proxy.url, 'GET', '/v1/user', { token: refreshed.json.token })
      expect([status, profile.account]).toEqual([200, 'new@example.org'])
    }
    expect((await ask(proxy.url, 'GET', '/v1/user')).status).toBe(401)
    await until(() => servers.every(({ lines }) => lines('request').some(({ route }) => route === '/v1/user')))
  })

  it("names the client to the servers, not itself, and nobody by the client's own word", async () => {
    const forged = { 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'of-the-client' }
    // A machine of its own, as far as the proxy can see. The proxy itself is 127.0.0.1.
    const login = await postFrom('127.0.77.1', proxy.url, '/v1/token', forged)
    expect(login.status).toBe(201)
    expect(login.requestId).toMatch(/^[0-9a-f]{32}$/)
    const { json } = await ask(proxy.url, 'GET', '/v1/user/sessions', { token: login.json.token })
    const current = json.sessions.find((session: { current: boolean }) => session.current)
    expect(current.address_prefix).toBe('127.0.77.0/24')
  })

  it('keeps /metrics to the servers', async () => {
    const { status, text } = await ask(proxy.url, 'GET', '/metrics')
    expect([status, text.includes('nginx')]).toEqual([404, true])
  })

  it("keeps nobody's answer for others where it caches all that it may", async () => {
    const cache = await startProxy(nginx as string, ports, { caches: true })
    onTestFinished(() => cache.stop())
    const bob = 'bob@example.org'
    expect((await register(cache.url, bob)).status).toBe(201)
    const pairs = [(await logIn(cache.url)).json, (await logIn(cache.url, bob)).json]
    const [anns, bobs] = pairs.map(({ token }) => token) as [string, string]
    const read = async (path: string, token?: string) => {
      const { status, json, headers } = await ask(cache.url, 'GET', path, token === undefined ? {} : { token })
      return { status, json, cached: headers.get('x-cache') }
    }
    // It does cache: what is the same for all.
    const keys = [await read('/.well-known/jwks.json'), await read('/.well-known/jwks.json')]
    expect(keys.map(({ cached }) => cached)).toEqual(['MISS', 'HIT'])
    for (const path of ['/v1/user', '/v1/user/sessions']) {
      const answers = [await read(path, anns), await read(path, bobs), await read(path), await read(path, anns)]
      expect([path, ...answers.map(({ status }) => status)]).toEqual([path, 200, 200, 401, 200])
      expect([path, ...answers.map(({ cached }) => cached)]).toEqual([path, 'MISS', 'MISS', 'MISS', 'MISS'])
    }
    expect((await read('/v1/user', anns)).json.account).toBe(ann.account)
    expect((await read('/v1/user', bobs)).json.account).toBe(bob)
    expect(pairs[0]?.refresh_token).not.toBe(pairs[1]?.refresh_token)
  })

  it('repeats a refresh whose answer was lost, and the family goes on', async () => {
    const relay = await startLosingRelay(ports[0])
    onTestFinished(() => relay.close())
    const url = await through([relay.port, ports[1]])
    const { json } = await logIn(proxy.url)
    const refreshed = await refresh(url, json.refresh_token)
    expect([refreshed.status, relay.lost()]).toEqual([201, 1])
    expect((await refresh(proxy.url, refreshed.json.refresh_token)).status).toBe(201)
  })

  it('does not repeat a registration whose answer was lost', async () => {
    const relay = await startLosingRelay(ports[0])
    onTestFinished(() => relay.close())
    const url = await through([relay.port, ports[1]])
    expect([(await register(url, 'lost@example.org')).status, relay.lost()]).toEqual([502, 1])
    expect((await logIn(proxy.url, 'lost@example.org')).status).toBe(201)
  })

  it.each([
    // It may not be sent twice, so it must not be lost: that it is refused shows that it arrived.
    ['POST', '/v1/token/refresh', 401],
    ['GET', '/v1/user', 200],
  ])('loses no %s when a server is stopped under load', async (method, path, expected) => {
    const port = await freePort()
    const short = await start(port)
    const url = await through([port, ports[1]])
    const { json } = await logIn(url)
    const statuses: number[] = []
    const untilMore = async (count: number) => {
      const enough = statuses.length + count
      while (statuses.length < enough) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    let isRunning = true
    const askers = Array.from({ length: 8 }, async () => {
      const body = '{"refresh_token":"none"}'
      const form = { headers: { 'content-type': 'application/json' }, body }
      const options = method === 'POST' ? form : { token: json.token }
      while (isRunning) statuses.push((await ask(url, method, path, options)).status)
    })
    await untilMore(100)
    expect(await end(short, 'SIGTERM')).toBe(0)
    await untilMore(100)
    isRunning = false
    await Promise.all(askers)
    expect(new Set(statuses)).toEqual(new Set([expected]))
  })

  it('sends everything to the other server when one is killed', async () => {
    const { json } = await logIn(proxy.url)
    expect(await end(servers[0] as Serving, 'SIGKILL')).toBe('SIGKILL')
    for (let i = 0; i < 4; i++) {
      expect((await ask(proxy.url, 'GET', '/v1/user', { token: json.token })).status).toBe(200)
      expect((await logIn(proxy.url)).status).toBe(201)
    }
  })
})

/** A login from this address of the machine. */
async function postFrom(localAddress: string, url: string, path: string, headers: Record<string, string>) {
  const body = JSON.stringify({ account: ann.account, secret, type: 100 })
  return new Promise<{ status: number; requestId: string; json: { token: string } }>((resolve, reject) => {
    const options = { localAddress, method: 'POST', headers: { 'content-type': 'application/json', ...headers } }
    const sent = request(`${url}${path}`, options, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      const requestId = String(response.headers['x-request-id'])
      resolve({ status: response.statusCode as number, requestId, json: JSON.parse(text) })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
