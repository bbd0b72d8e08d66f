/** Nodes whose own clocks are wrong write and compare the moments of the database they share. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createAuth } from 'latchkey'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { freePort } from '../../../query/test/postgres.js'
import { ann, ask, type Node, postJson, secret, startNode, temporaryFolder } from '../server.js'
import { type Serving, serve } from '../start-process.js'
import { createTestDatabase, storeName } from './test-store.js'

const issuer = 'https://id.example'
const folder = temporaryFolder()
const shim = new URL('./wrong-clock.mjs', import.meta.url).href
const hour = 3_600_000

let right: Node
const wrong: Serving[] = []

const startWrong = (environment: Record<string, string>, wrongByMs: number) =>
  serve({
    ...{ folder, nodeArguments: ['--import', shim] },
    environment: { ...environment, LATCHKEY_ISSUER: issuer, WRONG_BY_MS: String(wrongByMs) },
  })

// With SQLite all processes share the machine's clock.
describe.skipIf(storeName === 'SQLite')('a node whose clock is wrong', () => {
  beforeAll(async () => {
    const database = await createTestDatabase(folder)
    // First, so that it makes the keys.
    wrong.push(await startWrong(database.environment, hour))
    wrong.push(await startWrong(database.environment, -hour))
    right = await startNode(database, { issuer })
    await postJson(right.url, '/v1/client/register', ann)
  })
  afterAll(async () => {
    await right.close()
    for (const server of wrong) await server.end()
  })

  const urls = () => [right.url, ...wrong.map(({ url }) => url)]
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())

  async function tokensAreGoodEverywhere(): Promise<void> {
    for (const url of urls()) {
      const { token, refresh_token } = await logIn(url)
      const { iat, exp } = claimsOf(token)
      expect(Math.abs(iat - Date.now() / 1000)).toBeLessThan(3)
      expect(exp - iat).toBe(7200)
      let refresh = refresh_token
      for (const other of urls()) {
        expect((await ask(other, 'GET', '/v1/user', { token })).status).toBe(200)
        const { status, json } = await postJson(other, '/v1/token/refresh', { refresh_token: refresh })
        expect(status).toBe(201)
        refresh = json.refresh_token
      }
    }
    const { token } = await logIn(right.url)
    const { json } = await ask(right.url, 'GET', '/v1/user/sessions', { token })
    for (const { created_at } of json.sessions) expect(Math.abs(created_at - Date.now() / 1000)).toBeLessThan(60)
  }

  it('issues, takes and refreshes tokens like one whose clock is right', tokensAreGoodEverywhere)

  it('goes on when its clock is set while it runs', async () => {
    for (const { child } of wrong) child.kill('SIGUSR2')
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await tokensAreGoodEverywhere()
  })
})

// On PostgreSQL the time is that of its machine, which no test can set.
describe.runIf(storeName === 'SQLite')('a server whose time is set while it runs', () => {
  it('says so, back or forward, and those who follow it stay as fresh as they were', { timeout: 60_000 }, async () => {
    const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
    const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
    async function setTime(way: 'back' | 'forward', byMs: number): Promise<void> {
      const own = temporaryFolderOfTest()
      const metricsPort = String(await freePort())
      const server = await serve({
        ...{ folder: own, nodeArguments: ['--import', shim] },
        environment: { WRONG_BY_MS: String(byMs), LATCHKEY_ISSUER: issuer, LATCHKEY_METRICS_PORT: metricsPort },
      })
      onTestFinished(() => void server.end('SIGKILL'))
      await postJson(server.url, '/v1/client/register', ann)
      const { token, refresh_token } = await logIn(server.url)
      // By the clock that the server had, which is as wrong before it is set.
      const auth = createAuth({ server: server.url, issuer, clock: () => Date.now() + byMs })
      onTestFinished(() => auth.close())
      await auth.ready()
      const decide = () =>
        auth.decide({ method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }, need).status
      expect([way, decide()]).toEqual([way, undefined])
      server.child.kill('SIGUSR2')
      const [line] = await server.logged('the time of the database was set')
      expect([way, line]).toMatchObject([way, { level: 'error' }])
      expect(Math.abs(line?.byMs - byMs), way).toBeLessThan(2_000)
      const ready = await ask(server.url, 'GET', '/readyz')
      expect([way, ready.status, ready.json.reasons]).toEqual([way, 503, ['clock']])
      const metrics = async () => (await ask(`http://127.0.0.1:${metricsPort}`, 'GET', '/metrics')).text
      expect(await metrics(), way).toContain('latchkey_unready{reason="clock"} 1\n')
      // Whatever the pages say of the time, each that it reads, every 400 ms, is new.
      for (let read = 0; read < 4; read++) {
        await pause(500)
        await expect
          .poll(() => auth.status().revocationsAgeMs, { timeout: 1_000, interval: 10, message: way })
          .toBeLessThan(300)
      }
      // The token may be one of the future by the server's clock; the other one names the session as well.
      expect((await postJson(server.url, '/v1/token/revoke', { token: refresh_token })).status).toBe(200)
      await expect.poll(decide, { timeout: 2_000, interval: 10, message: way }).toBe(401)
      await server.logged('the time of the database was not set again')
      expect([way, (await ask(server.url, 'GET', '/readyz')).status]).toEqual([way, 200])
      expect(await metrics(), way).toContain('latchkey_unready{reason="clock"} 0\n')
    }
    await Promise.all([setTime('back', -hour), setTime('forward', hour)])
  })
})

const logIn = async (url: string) =>
  (await postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })).json
let count = 0
function temporaryFolderOfTest(): string {
  const own = join(folder, `set-${++count}`)
  mkdirSync(own)
  return own
}
