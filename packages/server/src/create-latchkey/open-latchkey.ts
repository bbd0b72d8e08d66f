import type { IncomingMessage } from 'node:http'
import { createChangeSecret } from '../accounts/change-secret.js'
import { createEqualTime } from '../accounts/equal-time.js'
import { createApiKeys } from '../api-keys/api-keys.js'
import { openAuditLog } from '../audit/audit-log.js'
import { startSealer } from '../audit/sealer.js'
import type { ReadyConfig } from '../config.js'
import { createReadiness, type Lifecycle } from '../health/readiness.js'
import { createCallerOf } from '../http/caller.js'
import { createApi, isOwnPath } from '../http/create-api.js'
import type { WebHandler } from '../http/handlers.js'
import { createNodeHandler } from '../http/node-handler.js'
import { createLimits, type Limits } from '../limits/limits.js'
import { createPlainLog, type Log } from '../log/log.js'
import { startMetricsServer } from '../metrics/metrics-server.js'
import { openRestored } from '../restore/open-restored.js'
import { followStore } from '../revocations/follow-store.js'
import { createFeedPages } from '../revocations/read-page.js'
import { createIntrospect } from '../sessions/introspect.js'
import { createLogin } from '../sessions/login.js'
import { createRefresh } from '../sessions/refresh.js'
import { createRevoke } from '../sessions/revoke.js'
import { createSessionList } from '../sessions/session-list.js'
import { startSweeper } from '../sweep/sweeper.js'
import { startDeliverer } from '../webhooks/deliverer.js'
import { createObserver } from './create-observer.js'
import type { Latchkey } from './latchkey.js'
import { createLocalAuth } from './local-auth.js'
import { type OpenAccounts, openAccounts } from './open-accounts.js'
import { openMetrics } from './open-metrics.js'
import { openTokens } from './open-tokens.js'
import { rememberIssuer } from './served-issuer.js'

export interface OpenOptions {
  /** For a process that is nothing but the server; default false. */
  readonly overrideGlobalObjects?: boolean
  /** Default: readable lines on standard error. */
  readonly log?: Log
  /** Gives each request an id and a line in the log; default false, since an application has its own way. */
  readonly observesRequests?: boolean
  /** One of several processes that a primary one listens for on `metricsPort`; default false. */
  readonly isWorker?: boolean
  /** Of the process: whether /readyz shall send requests elsewhere, and who wants to know of that. Default: never, nobody. */
  readonly lifecycle?: Lifecycle
  /** In the place of those of `createLimits`. */
  readonly limits?: Partial<Limits>
}

/**
 * `createLatchkey` for a configuration that was read.
 * @throws StartError
 */
export async function openLatchkey(config: ReadyConfig, options: OpenOptions = {}): Promise<Latchkey> {
  const parts = await openAccounts(config)
  try {
    return await assemble(config, parts, options)
  } catch (error) {
    await parts.store.close()
    throw error
  }
}

async function assemble(config: ReadyConfig, parts: OpenAccounts, options: OpenOptions): Promise<Latchkey> {
  const { issuer, roles, rolesGiven, registration, feedAccess, trustedProxies, metricsPort } = config
  const { overrideGlobalObjects = false, log = plainLog } = options
  const { observesRequests = false, isWorker = false, lifecycle = endless } = options
  const { store, revocations, changes, queue, hashing, passwords, clientTypes, accounts, endpoints } = parts
  await passwords.ready()
  // Many machines share a PostgreSQL database; a SQLite file alone the processes of `serve --workers`.
  const isShared = isWorker || config.databaseUrl !== undefined
  const limits = { ...createLimits({ store, settings: config.limits, isShared, log }), ...options.limits }
  const { attempts } = limits
  await openRestored({ store, secret: config.secret, algorithm: config.algorithm }, log)
  const { signingKeys, tokens } = await openTokens(store, config)
  await rememberIssuer(store, issuer)
  const audit = await openAuditLog({ store, secret: config.secret, log })
  const { refusals } = audit
  const readiness = createReadiness({ store, revocations, signingKeys, log, lifecycle })
  const metrics =
    metricsPort === undefined
      ? undefined
      : await openMetrics({
          ...{ store, revocations, queue, signingKeys, readiness, endpoints, isWorker },
          tokenCache: () => local.auth.status().cache,
        })
  const local = createLocalAuth(
    {
      ...{ issuer, clock: store.clock, revocations, roles: rolesGiven ? roles : undefined },
      onDecision: metrics?.countDecision,
    },
    signingKeys.verifyKeys(),
  )
  const { auth, verifier, issuedVerifier } = local
  queue.makeRoomFor(() => {
    const { hits, misses } = auth.status().cache
    return hits + misses
  })
  const equalTime = createEqualTime({ store, queue })
  const api = createApi({
    ...{ store, accounts, verifier, auth, roles, signingKeys, registration, feedAccess, issuer, log, readiness, audit },
    corsOrigins: config.corsOrigins,
    ...{ feedPages: createFeedPages(store), limits, callerOf: createCallerOf(trustedProxies) },
    observer: createObserver({ log: observesRequests ? log : undefined, metrics, trustedProxies }),
    login: createLogin({ store, changes, clientTypes, roles, tokens, attempts, equalTime, refusals }),
    refresh: createRefresh({ store, changes, roles, tokens }),
    revoke: createRevoke({ store, changes, verifier: issuedVerifier }),
    introspect: createIntrospect({ store, verifier: issuedVerifier }),
    apiKeys: createApiKeys({ store, changes, roles }),
    sessions: createSessionList({ store, changes }),
    changeSecret: createChangeSecret({
      store,
      changes,
      hashing,
      passwords,
      roles,
      tokens,
      attempts,
      equalTime,
      refusals,
    }),
  })

  function fetch(request: Request, ...more: readonly [(() => Promise<unknown>) | object | undefined, object?]) {
    const next = typeof more[0] === 'function' ? (more[0] as () => Promise<unknown>) : undefined
    const { incoming } = ((next ? more[1] : more[0]) ?? {}) as { incoming?: IncomingMessage }
    if (next && !isOwnPath(new URL(request.url).pathname)) return next()
    return Promise.resolve(api.fetch(request, incoming?.rawHeaders ? { incoming } : {}))
  }
  async function onRead({ keysVersion }: { readonly keysVersion: number }): Promise<void> {
    if (keysVersion !== signingKeys.version) {
      await signingKeys.reload()
    }
    // Not only after a change: a key is over when the last of its tokens is.
    local.useKeys(signingKeys.verifyKeys())
    signingKeys.confirm()
  }
  const follower = followStore({ store, revocations, log, onRead, onTick: readiness.look })
  // Before the first request: whoever was logged out while nobody served is refused from the start.
  await follower.catchUp().catch(async (error) => {
    await follower.close()
    throw error
  })
  const metricsServer =
    metrics !== undefined && !isWorker
      ? await startMetricsServer(metricsPort as number, metrics.text).catch(async (error) => {
          await follower.close()
          throw error
        })
      : undefined
  const sweeper = startSweeper({
    ...{ store, log, onSwept: metrics?.countSwept },
    audit: { macs: audit.macs, retentionDays: config.auditRetentionDays },
  })
  const sealer = startSealer({ store, macs: audit.macs, log })
  const deliverer = startDeliverer({ store, endpoints, log, onOutcome: metrics?.countDelivery })
  async function close(): Promise<void> {
    await deliverer.close()
    await sweeper.close()
    await sealer.close()
    await refusals.close()
    await metricsServer?.close()
    await follower.close()
    await store.close()
  }
  let closing: Promise<void> | undefined
  return Object.freeze({
    ...auth,
    fetch: fetch as WebHandler,
    node: createNodeHandler(api, { overrideGlobalObjects, log, issuer }),
    close: () => {
      closing ??= close()
      return closing
    },
  })
}

const endless: Lifecycle = { isStopping: () => false, readinessAsked() {} }
const plainLog = createPlainLog((line) => console.error(line))
