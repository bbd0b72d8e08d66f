/** Three server processes on one database, and two services that follow them: one over a wire, one through a proxy. */
import { startPostgres } from '../../../../query/test/postgres.js'
import { type ClientType, emailType, type Identity } from '../../../src/client-types/client-type.js'
import { readConfig } from '../../../src/config.js'
import { openAccounts } from '../../../src/create-latchkey/open-accounts.js'
import { openTokens } from '../../../src/create-latchkey/open-tokens.js'
import { createLogin } from '../../../src/sessions/login.js'
import type { Writing } from '../../../src/store/store.js'
import { type Listening, serve } from '../../start-process.js'
import { createTestDatabase, storeName } from '../test-store.js'
import type { World } from './faults.js'
import { startReplayingProxy } from './replaying-proxy.js'
import { startService } from './start-service.js'
import { createTokens, type Tokens } from './tokens.js'
import { type WatchedGuard, watchServer, watchService } from './watched-guard.js'
import { startWire, startWireTo } from './wire.js'

const issuer = 'https://id.example'

export interface OpenWorld extends World {
  readonly tokens: Tokens
  /** Never revoked. */
  readonly good: string
  /** One more service, which knows nothing yet; it ends with the others. */
  startService(): Promise<WatchedGuard>
  close(): Promise<void>
}

export async function openWorld(folder: string): Promise<OpenWorld> {
  const closing: (() => Promise<unknown> | unknown)[] = []
  let isClosed = false
  const opened = <Thing>(thing: Thing, close: () => Promise<unknown> | unknown): Thing => {
    // A test that ran out of time may still be opening one.
    if (isClosed) close()
    else closing.push(close)
    return thing
  }
  async function close(): Promise<void> {
    isClosed = true
    for (const end of closing.reverse()) await end()
  }
  try {
    // One of its own: it will be restarted.
    const postgres = storeName === 'PostgreSQL' ? await startPostgres() : undefined
    if (postgres) opened(postgres, () => postgres.stop())
    const database = await createTestDatabase(folder, postgres)
    const environment = { ...database.environment, LATCHKEY_ISSUER: issuer }
    const { databaseUrl } = database.config
    const databaseWire = databaseUrl === undefined ? undefined : await startWireTo(databaseUrl)
    if (databaseWire) opened(databaseWire, () => databaseWire.close())
    const overWire = databaseWire && { DATABASE_URL: databaseWire.url }
    const children: Listening[] = []
    for (let i = 0; i < 3; i++) {
      const child = await serve({ folder, environment: { ...environment, ...(i === 1 && overWire) } })
      children.push(opened(child, () => child.end()))
    }
    const [, second, third] = children as [Listening, Listening, Listening]
    const wire = await startWire(second.url)
    opened(wire, () => wire.close())
    const proxy = await startReplayingProxy(third.url)
    opened(proxy, () => proxy.close())
    async function startGuarded(name: string, url: string): Promise<WatchedGuard> {
      const child = await startService(folder, url, issuer)
      opened(child, () => child.end())
      const guard = watchService(name, child)
      return opened(guard, () => guard.close())
    }
    const services = [
      await startGuarded('the service over the wire', wire.url),
      await startGuarded('the service behind the proxy', proxy.url),
    ]
    const servers = children.map((child, i) => {
      const guard = watchServer(`server ${i + 1}`, child)
      return opened(guard, () => guard.close())
    })
    const { issue, close: closeIssuer } = await openIssuer(folder, environment)
    opened(issue, closeIssuer)
    const tokens = createTokens(children, issue)
    const [good] = (await issue(1)) as [string]
    return {
      ...{ servers, services, wire, proxy, databaseWire, postgres, tokens, good, close },
      startService: () => startGuarded('a new service', second.url),
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Begins sessions as a login does, for users without a password: nothing is hashed. */
async function openIssuer(folder: string, environment: Readonly<Record<string, string>>) {
  const config = await readConfig({ environment, folder })
  const { store, changes } = await openAccounts(config)
  const { signingKeys, tokens } = await openTokens(store, config)
  const user = { nickname: 'ann', role: 'user', created_at: store.now(), disabled_at: null }
  let identity: Identity
  const proved: ClientType = {
    ...{
      type: emailType,
      name: 'proved',
      isGuessable: false,
      normaliseAccount: (account: string) => account,
      attemptReasons: () => ({}),
    },
    verify: async () => ({ identity, startedAtMs: performance.now() }),
  }
  const login = createLogin({
    ...{ store, changes, tokens, roles: config.roles, clientTypes: { get: () => proved } },
    equalTime: { wait: async () => {} },
    attempts: { run: (_, work) => work() },
  })
  return {
    async issue(count: number): Promise<readonly string[]> {
      const issued: string[] = []
      // It follows no feed, and would sign no more after five minutes.
      await signingKeys.reload()
      for (let i = 0; i < count; i++) {
        // A user has at most 100 logins.
        if (i % 50 === 0) {
          const insert = (t: Writing) =>
            t
              .insertInto('users')
              .values(user)
              .returning(['uid', 'role', 'epoch', 'disabled_at'])
              .executeTakeFirstOrThrow()
          identity = await store.transaction(insert)
        }
        issued.push((await login({ type: emailType, account: '', secret: '' })).token)
      }
      return issued
    },
    close: () => store.close(),
  }
}
