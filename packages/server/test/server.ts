/** A server of its own for each test file: real HTTP on a free port of 127.0.0.1, its data in a folder that goes away. */
import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect } from 'vitest'
import { run } from '../src/cli/run.js'
import { type LatchkeyConfig, readConfig } from '../src/config.js'
import type { Latchkey } from '../src/create-latchkey/latchkey.js'
import { type OpenOptions, openLatchkey } from '../src/create-latchkey/open-latchkey.js'
import { createHttpServer, type HttpServerOptions } from '../src/http/http-server.js'
import { createPlainLog } from '../src/log/log.js'
import { createTestDatabase, type TestDatabase } from './store/test-store.js'

export const secret = 'a long passphrase'
export const ann = { account: 'ann@example.org', secret, type: 100, nickname: 'ann' }

export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
  msg: string | Record<string, string[]>
  error_code: number
  request?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for.
  readonly json: any
}

export interface Fixture {
  readonly url: string
  readonly port: number
  readonly folder: string
  readonly database: TestDatabase
  readonly latchkey: Latchkey
  readonly log: string[]
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>
  post(path: string, body: unknown): Promise<Answer>
  /** The token of a new login. */
  logIn(account?: string): Promise<string>
  /** Runs a command on the same data; its exit code. */
  run(...words: string[]): Promise<number>
}

export interface AskOptions {
  readonly token?: string
  /** A list is as many lines of that name. */
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** Sent as it is. */
  readonly body?: string | Uint8Array
}

/** Another server on the same data, as on another machine: with a connection and a memory of its own. */
export async function startNode(
  database: TestDatabase,
  config: LatchkeyConfig = {},
  options: OpenOptions = {},
): Promise<Node> {
  const ready = await readConfig({ argument: { ...database.config, ...config }, environment: {}, folder: tmpdir() })
  const log: string[] = []
  const latchkey = await openLatchkey(ready, { log: createPlainLog((line) => log.push(line)), ...options })
  const { server } = createHttpServer((request, response) => latchkey.node(request, response))
  const port = await listen(server)
  return {
    ...{ url: `http://127.0.0.1:${port}`, latchkey, log },
    async close() {
      await closeServer(server)
      await latchkey.close()
    },
  }
}

export interface Node {
  readonly url: string
  readonly latchkey: Latchkey
  readonly log: readonly string[]
  close(): Promise<void>
}

/** Starts a server before the tests of a file and closes it after them. */
export function useServer(config: LatchkeyConfig = {}, http: HttpServerOptions = {}): Fixture {
  const state = {} as { latchkey: Latchkey; server: Server; port: number; database: TestDatabase }
  const folder = temporaryFolder()
  const log: string[] = []
  beforeAll(async () => {
    state.database = await createTestDatabase(folder)
    const ready = await readConfig({ argument: { ...state.database.config, ...config }, environment: {}, folder })
    state.latchkey = await openLatchkey(ready, { log: createPlainLog((line) => log.push(line)) })
    state.server = createHttpServer((request, response) => state.latchkey.node(request, response), http).server
    state.port = await listen(state.server)
  })
  afterAll(async () => {
    await closeServer(state.server)
    await state.latchkey.close()
  })
  const fixture: Fixture = {
    log,
    folder,
    get database() {
      return state.database
    },
    get latchkey() {
      return state.latchkey
    },
    get port() {
      return state.port
    },
    get url() {
      return `http://127.0.0.1:${state.port}`
    },
    ask: (method: string, path: string, options: AskOptions = {}) => ask(fixture.url, method, path, options),
    post: (path: string, body: unknown) => postJson(fixture.url, path, body),
    async logIn(account = ann.account) {
      const answer = await fixture.post('/v1/token', { account, secret, type: 100 })
      expect(answer.status).toBe(201)
      return answer.json.token as string
    },
    run: (...words: string[]) => runCommand(folder, words, '', state.database.environment).then(({ code }) => code),
  }
  return fixture
}

/** By `node:http`: `fetch` adds headers that browsers send, and these change the answers. */
export async function ask(url: string, method: string, path: string, options: AskOptions = {}): Promise<Answer> {
  const { token, body } = options
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...options.headers }
  const { hostname, port } = new URL(url)
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request({ hostname, port, method, path, headers, agent: false }, resolve)
    sent.on('error', reject)
    if (body !== undefined) sent.setHeader('content-length', Buffer.byteLength(body))
    sent.end(body)
  })
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  const answered = new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)]))
  const isJson = answered.get('content-type')?.includes('json')
  const json = isJson && text ? JSON.parse(text) : undefined
  return { status: response.statusCode as number, headers: answered, text, json }
}

export interface CommandResult {
  readonly code: number
  readonly out: string
  readonly error: string
}

/** Runs a command in this process, by default on the data in `folder/data`. */
export async function runCommand(
  folder: string,
  words: readonly string[],
  input: string | Uint8Array = '',
  environment: Readonly<Record<string, string>> = { LATCHKEY_DATA: join(folder, 'data') },
): Promise<CommandResult> {
  const out: string[] = []
  const error: string[] = []
  const code = await run(words, {
    out: (line) => out.push(line),
    error: (line) => error.push(line),
    stdin: Readable.from([input]),
    environment,
    folder,
  })
  return { code, out: out.join('\n'), error: error.join('\n') }
}

export function postJson(url: string, path: string, body: unknown): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return ask(url, 'POST', path, { headers: { 'content-type': 'application/json' }, body: text })
}

/** Removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-server-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}
