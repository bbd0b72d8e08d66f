/** Servers whose storage fails on demand, beside what is sound: another server, and services that follow the first ones. */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuth } from 'latchkey'
import { formOf, hashArgon2id, recommendedCost } from '../../../src/accounts/argon2id.js'
import { createApiKeys } from '../../../src/api-keys/api-keys.js'
import { type ReadyConfig, readConfig } from '../../../src/config.js'
import { issueForUser } from '../../../src/create-latchkey/issue-for-user.js'
import type { Latchkey } from '../../../src/create-latchkey/latchkey.js'
import { type OpenAccounts, openAccounts } from '../../../src/create-latchkey/open-accounts.js'
import { openLatchkey } from '../../../src/create-latchkey/open-latchkey.js'
import { createHttpServer } from '../../../src/http/http-server.js'
import { createPlainLog } from '../../../src/log/log.js'
import {
  type Answer,
  type AskOptions,
  ask,
  type CommandResult,
  closeServer,
  listen,
  type Node,
  postJson,
  runCommand,
  secret,
  startNode,
} from '../../server.js'
import { createTestDatabase, storeName, type TestDatabase } from '../test-store.js'
import { type Calls, runCounted } from './calls.js'
import { noteWhoAsks, startFaultyWire } from './postgres-faults.js'
import { hookSqlite } from './sqlite-faults.js'
import { openReader, type Reader } from './state.js'

const issuer = 'https://id.example'
const callsHeader = 'x-calls'
/** Nobody here is to be held up by them; they are counted all the same. */
const many = 1_000_000
const limits = { perAccountAndPrefix: many, perPrefix: many, perAccount: many, registrationsPerPrefix: many }

/** A server whose storage fails on demand. */
export interface Lane {
  ask(method: string, path: string, options: AskOptions, calls?: Calls): Promise<Answer>
  /** With the password `secret` on standard input. */
  command(
    words: readonly string[],
    calls?: Calls,
    environment?: Readonly<Record<string, string>>,
  ): Promise<CommandResult>
  /** What its own guard says of a token, and that of a service which follows it: `good`, or the code of the refusal. */
  decisions(token: string): readonly string[]
  readonly log: readonly string[]
  heal(): Promise<void>
  close(): Promise<void>
}

export interface ApiKey {
  readonly id: string
  readonly key: string
}

export interface World {
  readonly folder: string
  readonly lanes: readonly Lane[]
  /** Whose storage does not fail. */
  readonly sound: Node
  readonly reader: Reader
  readonly database: TestDatabase
  readonly parts: OpenAccounts
  /** A user without sessions, with the password `secret`. Nothing is hashed for it. */
  addUser(account: string, nickname: string, role: string): Promise<number>
  /** A login, as the operator begins one. */
  logIn(uid: number): Promise<{ readonly token: string; readonly refresh_token: string }>
  addApiKey(uid: number, sid: string): Promise<ApiKey>
  /** The access token that the sound server gives for it. */
  exchange(key: ApiKey): Promise<string>
  /** One more sound server, which knows nothing yet. */
  startServer(): Promise<Node>
  close(): Promise<void>
}

export interface WorldOptions {
  readonly folder: string
  readonly lanes: number
  /** How long a server waits for an answer of PostgreSQL; undefined: as long as it does by itself. */
  readonly answerWaitMs: number | undefined
}

/** Makes faults possible in this process, before worlds are opened; answers how to end that. */
export function allowFaults(): () => void {
  return storeName === 'SQLite' ? hookSqlite() : noteWhoAsks()
}

export async function openWorld({ folder, lanes: count, answerWaitMs }: WorldOptions): Promise<World> {
  const closing: (() => Promise<unknown> | unknown)[] = []
  async function close(): Promise<void> {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    mkdirSync(folder)
    const database = await createTestDatabase(folder)
    const config = { issuer, limits, trustedProxies: 1 }
    const startServer = () => startNode(database, config, { isWorker: true })
    const sound = await startServer()
    closing.push(() => sound.close())
    const ready = await readConfig({
      argument: { ...database.config, ...config },
      environment: {},
      folder: tmpdir(),
    })
    const parts = await openAccounts(ready)
    closing.push(() => parts.store.close())
    const reader = openReader(database)
    closing.push(() => reader.close())
    const lanes: Lane[] = []
    for (let i = 0; i < count; i++) {
      const own = join(folder, `lane${i}`)
      mkdirSync(own)
      // A network of its own: those that share one wait for each other's counters.
      const lane = await openLane(own, database, ready, { address: `10.0.${i}.1`, answerWaitMs })
      lanes.push(lane)
      closing.push(() => lane.close())
    }
    const hash = await hashArgon2id(Buffer.from(secret), recommendedCost)
    return {
      ...{ folder, lanes, sound, reader, database, parts, startServer, close },
      addUser: (account, nickname, role) =>
        parts.store.transaction(async (transaction) => {
          const created_at = parts.store.now()
          const user = { nickname, role, created_at, disabled_at: null }
          const { uid } = await transaction.insertInto('users').values(user).returning('uid').executeTakeFirstOrThrow()
          const stored = { client_type: 100, account, secret_hash: hash, secret_form: formOf(recommendedCost) }
          await transaction
            .insertInto('identities')
            .values({ uid, ...stored, created_at })
            .execute()
          return uid
        }),
      logIn: (uid) => issueForUser(parts, ready, String(uid), {}),
      addApiKey: (uid, sid) =>
        createApiKeys({ ...parts, roles: ready.roles }).create(
          { uid: String(uid), sid, scopes: ['user:read', 'user:write'] },
          { name: 'program' },
          {},
        ),
      async exchange({ id, key }) {
        const { status, json } = await postJson(sound.url, '/v1/token', { account: id, secret: key, type: 300 })
        if (status !== 201) throw new Error(`an exchange is answered ${status} ${json.code}`)
        return json.token
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function openLane(
  folder: string,
  database: TestDatabase,
  ready: ReadyConfig,
  { address, answerWaitMs }: { readonly address: string; readonly answerWaitMs: number | undefined },
): Promise<Lane> {
  const { databaseUrl } = database.config
  const url = databaseUrl === undefined ? undefined : new URL(databaseUrl)
  const wire = url === undefined ? undefined : await startFaultyWire(url.hostname, Number(url.port))
  if (url !== undefined && wire !== undefined) {
    url.port = String(wire.port)
    // Of `pg`, in the place of what the server says.
    if (answerWaitMs !== undefined) url.searchParams.set('query_timeout', String(answerWaitMs))
  }
  const environment = {
    ...{ ...database.environment, LATCHKEY_ISSUER: issuer },
    ...(url === undefined ? {} : { DATABASE_URL: url.href }),
  }
  const log: string[] = []
  const latchkey: Latchkey = await openLatchkey(
    { ...ready, databaseUrl: url?.href },
    { isWorker: true, log: createPlainLog((line) => log.push(line)) },
  )
  const running = new Map<string, Calls>()
  const { server } = createHttpServer((request, response) => {
    const calls = running.get(String(request.headers[callsHeader]))
    runCounted(calls, () => latchkey.node(request, response))
  })
  const serverUrl = `http://127.0.0.1:${await listen(server)}`
  const service = createAuth({ server: serverUrl, issuer })
  await service.ready()
  const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
  const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
  return {
    log,
    async ask(method, path, options, calls) {
      const id = randomUUID()
      const headers = { ...options.headers, 'x-forwarded-for': address, [callsHeader]: id }
      if (calls !== undefined) running.set(id, calls)
      try {
        return await ask(serverUrl, method, path, { ...options, headers })
      } finally {
        running.delete(id)
      }
    },
    command: (words, calls, differing) =>
      runCounted(calls, () => runCommand(folder, words, secret, { ...environment, ...differing })),
    decisions: (token) =>
      [latchkey, service].map((auth) => {
        const answer = auth.decide({ method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }, need)
        return answer.status === undefined ? 'good' : JSON.parse(answer.body).code
      }),
    heal: async () => wire?.heal(),
    async close() {
      await service.close()
      await closeServer(server)
      await latchkey.close()
      await wire?.close()
    },
  }
}
