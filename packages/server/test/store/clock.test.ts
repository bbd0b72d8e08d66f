/** Nodes whose own clocks are wrong write and compare the moments of the database they share. */
import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../query/test/postgres.js'
import { ann, ask, type Node, postJson, secret, startNode, temporaryFolder } from '../server.js'
import { createTestDatabase, storeName } from './test-store.js'

const issuer = 'https://id.example'
const folder = temporaryFolder()
const bin = fileURLToPath(new URL('../../bin/latchkey.js', import.meta.url))
const shim = new URL('./wrong-clock.mjs', import.meta.url).href
const hour = 3_600_000

interface WrongNode {
  readonly url: string
  readonly child: ChildProcess
}
let right: Node
const wrong: WrongNode[] = []

async function startWrong(environment: Record<string, string>, wrongByMs: number): Promise<WrongNode> {
  const port = await freePort()
  const child = spawn(process.execPath, ['--import', shim, bin, 'serve', '--port', String(port), '--json'], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment, LATCHKEY_ISSUER: issuer, WRONG_BY_MS: String(wrongByMs) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  return { url: `http://127.0.0.1:${port}`, child }
}

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
    for (const { child } of wrong) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    }
  })

  const logIn = async (url: string) =>
    (await postJson(url, '/v1/token', { account: ann.account, secret, type: 100 })).json
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
