/** A service that trusts a Latchkey server: checks tokens by itself, and refuses what the server revoked within a second. */
import { spawn } from 'node:child_process'
import { createServer, request, type Server } from 'node:http'
import process from 'node:process'
import { createAuth } from 'latchkey'
import { currentUser, guard } from 'latchkey/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import { writeRevocations } from '../src/revocations/write-revocations.js'
import { openStore } from '../src/store/open-store.js'
import {
  type Answer,
  ann,
  ask,
  closeServer,
  listen,
  type Node,
  postJson,
  secret,
  startNode,
  temporaryFolder,
} from './server.js'
import { writeRows } from './store/feed-rows.js'
import { createTestDatabase, type TestDatabase } from './store/test-store.js'

const issuer = 'https://id.example'
const folder = temporaryFolder()
let database: TestDatabase
let node: Node
let proxy: Proxy
beforeAll(async () => {
  database = await createTestDatabase(folder)
  node = await startNode(database, { issuer, audiences: ['orders'] })
  await postJson(node.url, '/v1/client/register', ann)
})
afterAll(() => node.close())

/** What stands between the service and the server: it counts, and can be cut off, stuck, or answer from memory. */
interface Proxy {
  readonly url: string
  readonly paths: string[]
  mode: 'pass' | 'cut' | 'stuck' | 'replay'
  close(): Promise<void>
}

async function startProxy(): Promise<Proxy> {
  const paths: string[] = []
  const memory = new Map<string, { status: number; type: string; text: string }>()
  const state = { mode: 'pass' as Proxy['mode'] }
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url as string
    paths.push(path)
    if (state.mode === 'stuck') return
    if (state.mode === 'cut') return void incoming.socket.destroy()
    const answer = ({ status, type, text }: { status: number; type: string; text: string }) =>
      outgoing.writeHead(status, { 'content-type': type }).end(text)
    const known = memory.get(path.replace(/after=.*/, ''))
    if (state.mode === 'replay' && known) return void answer(known)
    const { hostname, port } = new URL(node.url)
    const sent = request({ hostname, port, path, agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      const kept = { status: response.statusCode as number, type: String(response.headers['content-type']), text }
      memory.set(path.replace(/after=.*/, ''), kept)
      answer(kept)
    })
    sent.on('error', () => incoming.socket.destroy())
    sent.end()
  })
  const port = await listen(server)
  return {
    ...{ url: `http://127.0.0.1:${port}`, paths },
    get mode() {
      return state.mode
    },
    set mode(mode) {
      state.mode = mode
    },
    close: () => closeServer(server),
  }
}

const opened: { close(): Promise<void> }[] = []
beforeEach(async () => {
  proxy = await startProxy()
  opened.push(proxy)
})
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

/** A service with one guarded route, following the server through the proxy. */
async function startService(options: object = {}) {
  const auth = createAuth({ server: proxy.url, issuer, audience: 'orders', ...options } as Parameters<
    typeof createAuth
  >[0])
  const allowed = guard(auth)
  const server: Server = createServer((incoming, outgoing) => {
    if (allowed(incoming, outgoing)) outgoing.end(JSON.stringify({ uid: currentUser(incoming).uid }))
  })
  const port = await listen(server)
  opened.push({ close: () => closeServer(server) }, auth)
  const get = (token?: string): Promise<Answer> =>
    ask(`http://127.0.0.1:${port}`, 'GET', '/orders', token === undefined ? {} : { token })
  return { auth, get }
}

const logIn = async () => (await postJson(node.url, '/v1/token', { account: ann.account, secret, type: 100 })).json
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
async function until(what: () => Promise<boolean> | boolean, limitMs = 8000): Promise<number> {
  const began = performance.now()
  while (!(await what())) {
    if (performance.now() - began > limitMs) throw new Error(`It is not so after ${limitMs} ms`)
    await pause(10)
  }
  return performance.now() - began
}

describe('a service', () => {
  it('takes tokens of the server once it is ready, without a request to it for any of them', async () => {
    const { auth, get } = await startService()
    await auth.ready()
    const { token } = await logIn()
    const before = proxy.paths.filter((path) => !path.startsWith('/v1/revocations')).length
    for (let i = 0; i < 20; i++) expect((await get(token)).status).toBe(200)
    const forged = `${Buffer.from('{"alg":"EdDSA","kid":"unknown","typ":"at+jwt"}').toString('base64url')}.e30.${'A'.repeat(86)}`
    for (let i = 0; i < 20; i++) expect((await get(forged)).json.code).toBe('token_invalid')
    expect(proxy.paths.filter((path) => !path.startsWith('/v1/revocations'))).toHaveLength(before)
    expect(proxy.paths.slice(0, 2)).toEqual(['/.well-known/oauth-authorization-server', '/.well-known/jwks.json'])
    expect(auth.status()).toEqual({
      revocationsAgeMs: expect.any(Number),
      laggingDecisions: expect.any(Number),
      // A token is kept from the second time on.
      cache: { hits: 18, misses: 22 },
      problem: undefined,
    })
  })

  it('refuses within a second what was revoked, ended or lowered', async () => {
    const { auth, get } = await startService()
    await auth.ready()
    for (const end of [
      (pair: { token: string }) => postJson(node.url, '/v1/token/revoke', { token: pair.token }),
      (pair: { token: string }) => ask(node.url, 'DELETE', '/v1/user/sessions', { token: pair.token }),
    ]) {
      const pair = await logIn()
      expect((await get(pair.token)).status).toBe(200)
      expect((await end(pair)).status).toBeLessThan(300)
      const delay = await until(async () => (await get(pair.token)).status === 401)
      expect(delay).toBeLessThan(1000)
      expect((await get(pair.token)).json).toMatchObject({ code: 'token_revoked', error_code: 1008 })
    }
  })

  it('refuses from its first answer on what was revoked before it began', async () => {
    const pair = await logIn()
    await postJson(node.url, '/v1/token/revoke', { token: pair.token })
    const { auth, get } = await startService()
    await auth.ready()
    expect((await get(pair.token)).json.code).toBe('token_revoked')
  })

  it('reads a long feed page by page', async () => {
    const store = await openStore(database.storeOptions)
    await writeRows(store, 21_000)
    await store.close()
    const { auth } = await startService()
    await auth.ready()
    expect(proxy.paths.filter((path) => path.startsWith('/v1/revocations')).length).toBeGreaterThanOrEqual(3)
    const first = await ask(node.url, 'GET', '/v1/revocations')
    expect([first.json.rows.length, first.json.more, first.headers.get('cache-control')]).toEqual([
      ...[10_000, true],
      'public, max-age=31536000, immutable',
    ])
  })
})

describe('a service whose server is not there', () => {
  it('answers 503 to tokens before it has heard of it, 401 to none, and begins by itself', async () => {
    proxy.mode = 'cut'
    const { auth, get } = await startService()
    const { token } = await logIn()
    const early = await get(token)
    expect([early.status, early.json.code, early.headers.get('retry-after')]).toEqual([503, 'busy', '1'])
    expect((await get()).status).toBe(401)
    await until(() => auth.status().problem !== undefined)
    proxy.mode = 'pass'
    await auth.ready()
    expect((await get(token)).status).toBe(200)
  })

  it('goes on from its last copy, says so, and hears the rest when it is back', async () => {
    const { auth, get } = await startService()
    await auth.ready()
    const pair = await logIn()
    proxy.mode = 'cut'
    await until(() => auth.status().problem !== undefined)
    await postJson(node.url, '/v1/token/revoke', { token: pair.token })
    await pause(1200)
    expect((await get(pair.token)).status).toBe(200)
    expect(auth.status().revocationsAgeMs).toBeGreaterThan(1000)
    // What it let through meanwhile it says as well.
    const { laggingDecisions } = auth.status()
    expect(laggingDecisions).toBeGreaterThan(0)
    expect((await get(pair.token)).status).toBe(200)
    expect(auth.status().laggingDecisions).toBe(laggingDecisions + 1)
    proxy.mode = 'pass'
    expect(await until(async () => (await get(pair.token)).status === 401)).toBeLessThan(2500)
    expect(auth.status().problem).toBeUndefined()
  })

  it.each([
    ['cut', 'is cut off'],
    ['stuck', 'gets no answer any more'],
    ['replay', 'gets old answers from somebody in between'],
  ] as const)('refuses with 503 when it %s for longer than it may: %s', async (mode, _) => {
    const { auth, get } = await startService({ maxStalenessSeconds: 1 })
    await auth.ready()
    const { token } = await logIn()
    // On a busy machine a copy may be a second old at any time.
    await until(async () => (await get(token)).status === 200)
    proxy.mode = mode
    await until(async () => (await get(token)).status === 503, 3000)
    expect(auth.status().revocationsAgeMs).toBeGreaterThan(1000)
    proxy.mode = 'pass'
    await until(async () => (await get(token)).status === 200)
  })

  it('goes on all the same where it was told to', async () => {
    const { auth, get } = await startService({ maxStalenessSeconds: 1, whenStale: 'accept' })
    await auth.ready()
    const { token } = await logIn()
    proxy.mode = 'cut'
    await until(() => (auth.status().revocationsAgeMs as number) > 1500)
    expect((await get(token)).status).toBe(200)
  })
})

describe('a server that is another one', () => {
  it('than the issuer says is not followed', async () => {
    const { auth, get } = await startService({ issuer: 'https://other.example' })
    await until(() => auth.status().problem !== undefined)
    expect(auth.status().problem).toContain('must name the issuer https://other.example')
    expect((await get((await logIn()).token)).status).toBe(503)
  })

  it('and signs with a shared secret is refused by name', async () => {
    const symmetric = await startNode(await createTestDatabase(temporaryFolderNow()), { issuer, algorithm: 'HS256' })
    opened.push(symmetric)
    const auth = createAuth({ server: symmetric.url, issuer })
    opened.push(auth)
    await until(() => auth.status().problem !== undefined)
    expect(auth.status().problem).toContain('signs with a shared secret')
  })
})
const temporaryFolderNow = () => temporaryFolders.pop() as string
const temporaryFolders = [temporaryFolder()]

it('who waits for a server that is not there is waited with, until it is', async () => {
  const port = await freePort()
  const program = `import { createAuth } from 'latchkey'
    await createAuth({ server: 'http://127.0.0.1:${port}', issuer: '${issuer}' }).ready()
    console.log('ready')`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'pipe' })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  expect(await Promise.race([ended, pause(1000)])).toBeUndefined()
  const late = createServer((request, response) => node.latchkey.node(request, response))
  await new Promise<void>((resolve) => late.listen(port, '127.0.0.1', resolve))
  opened.push({ close: () => closeServer(late) })
  // Then it has nothing left to do.
  expect([await ended, said]).toEqual([0, 'ready\n'])
})

it('a cache that answers everything with one page is asked in the usual time, and not in a circle', async () => {
  const page = { feed_id: 'x', rows: [], next: 'x~1', more: true, final: true, age_ms: 0, now: 1, keys_version: 0 }
  let count = 0
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url as string
    if (!path.startsWith('/v1/revocations')) return void node.latchkey.node(incoming, outgoing)
    count++
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page))
  })
  const auth = createAuth({ server: `http://127.0.0.1:${await listen(server)}`, issuer })
  opened.push({ close: () => closeServer(server) }, auth)
  await until(() => auth.status().problem !== undefined)
  expect(auth.status().problem).toContain('must say where the next one begins')
  expect(count).toBeLessThan(10)
})

it('a feed with rows of a kind that this version does not know is followed all the same, and said', async () => {
  const newer = await createTestDatabase(newerFolder)
  const itsNode = await startNode(newer, { issuer })
  opened.push(itsNode)
  const store = await openStore(newer.storeOptions)
  const row = { kind: 'z' as 's', id: 'x', min: 1, expires_at: 4e9 }
  await store.transaction((t) => writeRevocations(t, [row, { ...row, id: 'y' }]))
  await store.close()
  const auth = createAuth({ server: itsNode.url, issuer })
  opened.push(auth)
  await auth.ready()
  expect(auth.status()).toEqual({
    revocationsAgeMs: expect.any(Number),
    laggingDecisions: expect.any(Number),
    cache: { hits: 0, misses: 0 },
    problem: 'The feed has revocations of a kind that this version does not know: update latchkey',
  })
})
const newerFolder = temporaryFolder()

describe('the address of a server', () => {
  it.each([
    ['http://id.example', 'its keys are trusted'],
    ['ftp://id.example', 'https'],
    ['id.example', 'URL'],
    ['https://id.example/?a=b', 'query'],
    ['https://ann:pw@id.example', 'password'],
    [5, 'URL'],
  ])('is refused: %s', (server, reason) => {
    expect(() => createAuth({ server: server as string })).toThrow(reason)
  })

  it('may be http elsewhere when that was said', async () => {
    const auth = createAuth({ server: 'http://id.invalid', allowHttp: true })
    await auth.close()
  })

  it('goes with no keys, and with no unknown option', () => {
    const options = { server: 'https://id.example', keys: [] }
    expect(() => createAuth(options as never)).toThrow('keys')
    expect(() => createAuth({ server: 'https://id.example', prefix: 'x' } as never)).toThrow('prefix')
  })
})
