/** The services of the server on a database, in this process: as HTTP reaches them, but for the hashing of secrets. */
import type { CompiledQuery } from 'kysely'
import { createRevocationCopy, createVerifier } from 'latchkey/token'
import { createClientTypes } from '../../../src/client-types/index.js'
import { createPasswordChoice } from '../../../src/client-types/password-choice.js'
import { readConfig } from '../../../src/config.js'
import { openTokens } from '../../../src/create-latchkey/open-tokens.js'
import { createLogin, type LoginForm } from '../../../src/sessions/login.js'
import { createRefresh } from '../../../src/sessions/refresh.js'
import { createRevoke } from '../../../src/sessions/revoke.js'
import { createSessionChanges } from '../../../src/sessions/session-changes.js'
import { createSessionList } from '../../../src/sessions/session-list.js'
import { issueAccess } from '../../../src/sessions/token-pair.js'
import { openStore } from '../../../src/store/open-store.js'
import type { Reading, Store, Writing } from '../../../src/store/store.js'
import type { Recorder } from './accesses.js'
import { accountOf, type KnownSession } from './fill-sessions.js'
import type { GrowthDatabase } from './growth-database.js'

export type Services = Awaited<ReturnType<typeof openServices>>

export async function openServices({ folder, environment }: GrowthDatabase, recorder?: Recorder) {
  const config = await readConfig({ environment, folder })
  const opened = await openStore(config)
  const store = recorder === undefined ? opened : through(opened, recorder)
  const { signingKeys, tokens } = await openTokens(store, config)
  const { roles, issuer } = config
  const changes = createSessionChanges({ store, revocations: createRevocationCopy() })
  const verifier = createVerifier({ keys: signingKeys.verifyKeys(), issuer, audience: issuer })
  const hashing = {
    expectRoom() {},
    hash: () => Promise.reject(new Error('Nothing is to be hashed here')),
    check: async () => ({ right: true, outdated: false, startedAtMs: performance.now() }),
  }
  const clientTypes = createClientTypes({ store, hashing, passwords: createPasswordChoice(config) })
  const login = createLogin({
    ...{ store, changes, roles, tokens, clientTypes },
    equalTime: { wait: async () => {} },
    attempts: { run: (_, work) => work() },
  })
  const refresh = createRefresh({ store, changes, roles, tokens })
  const revoke = createRevoke({ store, changes, verifier })
  const sessions = createSessionList({ store, changes })
  // It follows no feed, and would sign no more after five minutes.
  const confirming = setInterval(() => signingKeys.confirm(), 60_000)
  return {
    store,
    login: (uid: number) => login({ type: 100, account: accountOf(uid), secret: '-' } satisfies LoginForm),
    refresh: (token: string) => refresh({ refresh_token: token }, {}),
    revoke: (token: string) => revoke(token, {}),
    list: (uid: number, sid: string) => sessions.list(String(uid), sid),
    /** A new access token of a session that exists. */
    accessToken({ sid, uid, gen, createdAt, absoluteUntil }: KnownSession): string {
      const session = { sid, gen, uid, role: 'user', clientType: 100, beganAt: createdAt, absoluteUntil }
      return issueAccess({ roles, tokens }, { ...session, scopeLimit: null, audienceLimit: null }, store.now()).answer
        .token
    },
    async close() {
      clearInterval(confirming)
      await store.close()
    },
  }
}

function through(store: Store, { plugin, prepared }: Recorder): Store {
  const db = store.db.withPlugin(plugin)
  const watched = <Db extends Reading>(one: Db): Db => {
    const execute = one.executeQuery.bind(one)
    return Object.assign(one, {
      executeQuery: ((query) => {
        prepared(query as CompiledQuery)
        return execute(query)
      }) as Reading['executeQuery'],
    })
  }
  return {
    ...store,
    db: watched(db),
    transaction: <Result>(work: (transaction: Writing) => Promise<Result>) =>
      db.transaction().execute((transaction) => work(watched(transaction))),
  }
}
