import type { IncomingMessage } from 'node:http'
import { createChangeSecret } from '../accounts/change-secret.js'
import { createEqualTime } from '../accounts/equal-time.js'
import { createApiKeys } from '../api-keys/api-keys.js'
import type { ReadyConfig } from '../config.js'
import { createCallerOf } from '../http/caller.js'
import { createApi, isOwnPath } from '../http/create-api.js'
import type { WebHandler } from '../http/handlers.js'
import type { Log } from '../http/log.js'
import { createNodeHandler } from '../http/node-handler.js'
import { createLimits, type Limits } from '../limits/limits.js'
import { followStore } from '../revocations/follow-store.js'
import { createFeedPages } from '../revocations/read-page.js'
import { createIntrospect } from '../sessions/introspect.js'
import { createLogin } from '../sessions/login.js'
import { createRefresh } from '../sessions/refresh.js'
import { createRevoke } from '../sessions/revoke.js'
import { createSessionList } from '../sessions/session-list.js'
import type { Latchkey } from './latchkey.js'
import { createLocalAuth } from './local-auth.js'
import { type OpenAccounts, openAccounts } from './open-accounts.js'
import { openTokens } from './open-tokens.js'
import { rememberIssuer } from './served-issuer.js'

export interface OpenOptions {
  /** For a process that is nothing but the server; default false. */
  readonly overrideGlobalObjects?: boolean
  /** Default: a line on standard error. */
  readonly log?: Log
  /** Default: those of `createLimits`. */
  readonly limits?: Limits
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

async function assemble(
  config: ReadyConfig,
  parts: OpenAccounts,
  { overrideGlobalObjects = false, log = logToStandardError, limits = createLimits() }: OpenOptions,
): Promise<Latchkey> {
  const { issuer, roles, rolesGiven, registration, feedAccess, trustedProxies } = config
  const { store, revocations, changes, queue, hashing, clientTypes, accounts } = parts
  const { signingKeys, tokens } = await openTokens(store, config)
  await rememberIssuer(store, issuer)
  const local = createLocalAuth(
    { issuer, clock: store.clock, revocations, roles: rolesGiven ? roles : undefined },
    signingKeys.verifyKeys(),
  )
  const { auth, verifier, issuedVerifier } = local
  const equalTime = createEqualTime({ store, queue })
  const api = createApi({
    ...{ store, accounts, verifier, auth, roles, signingKeys, registration, feedAccess, issuer, log },
    ...{ feedPages: createFeedPages(store), limits, callerOf: createCallerOf(trustedProxies) },
    login: createLogin({ store, changes, clientTypes, roles, tokens, equalTime }),
    refresh: createRefresh({ store, changes, roles, tokens }),
    revoke: createRevoke({ store, changes, verifier: issuedVerifier }),
    introspect: createIntrospect({ store, verifier: issuedVerifier }),
    apiKeys: createApiKeys({ store, changes, roles }),
    sessions: createSessionList({ store, changes }),
    changeSecret: createChangeSecret({ store, changes, hashing, roles, tokens, equalTime }),
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
      local.useKeys(signingKeys.verifyKeys())
    }
    signingKeys.confirm()
  }
  const follower = followStore({ store, revocations, log, onRead })
  // Before the first request: whoever was logged out while nobody served is refused from the start.
  await follower.catchUp().catch(async (error) => {
    await follower.close()
    throw error
  })
  let closing: Promise<void> | undefined
  return Object.freeze({
    ...auth,
    fetch: fetch as WebHandler,
    node: createNodeHandler(api, { overrideGlobalObjects, log }),
    close: () => {
      closing ??= follower.close().then(() => store.close())
      return closing
    },
  })
}

function logToStandardError(line: string): void {
  console.error(line)
}
