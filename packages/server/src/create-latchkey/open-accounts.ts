import { createRevocationCopy, type RevocationCopy } from 'latchkey/token'
import { type Accounts, createAccounts } from '../accounts/accounts.js'
import { createHashingQueue, type HashingQueue } from '../accounts/hashing-queue.js'
import { createSecretHashing } from '../accounts/secret-hashing.js'
import type { SecretHashing } from '../client-types/client-type.js'
import { type ClientTypes, createClientTypes } from '../client-types/index.js'
import { createPasswordChoice, type PasswordChoice } from '../client-types/password-choice.js'
import type { ReadyConfig } from '../config.js'
import { createSessionChanges, type SessionChanges } from '../sessions/session-changes.js'
import { openStore, type StoreOptions } from '../store/open-store.js'
import type { Store } from '../store/store.js'
import { createEndpoints, type Endpoint } from '../webhooks/endpoint.js'
import { openOutbox } from '../webhooks/outbox.js'

/** The store and the accounts in it; enough for the commands that keep users. */
export interface OpenAccounts {
  readonly store: Store
  /** What is revoked in this process, and what it has heard of from others. */
  readonly revocations: RevocationCopy
  readonly changes: SessionChanges
  readonly queue: HashingQueue
  readonly hashing: SecretHashing
  readonly passwords: PasswordChoice
  readonly clientTypes: ClientTypes
  readonly accounts: Accounts
  /** Of webhooks: what is changed through the store is owed to them. */
  readonly endpoints: readonly Endpoint[]
}

/**
 * Opens the store, migrates it, and makes the accounts' service. Whoever opens it closes `store`.
 * @throws StartError
 */
export async function openAccounts(
  config: Pick<
    ReadyConfig,
    'databaseUrl' | 'dataFolder' | 'clock' | 'roles' | 'issuer' | 'breachedPasswordsFile' | 'webhooks'
  >,
  options: Pick<StoreOptions, 'mustExist' | 'acceptsOther'> = {},
): Promise<OpenAccounts> {
  const { databaseUrl, dataFolder, clock, roles, webhooks } = config
  const endpoints = createEndpoints(webhooks)
  const store = await openStore({ databaseUrl, dataFolder, clock, ...options })
  openOutbox(store.db, endpoints)
  const revocations = createRevocationCopy()
  const changes = createSessionChanges({ store, revocations })
  const queue = createHashingQueue()
  const hashing = createSecretHashing({ queue })
  const passwords = createPasswordChoice(config)
  const clientTypes = createClientTypes({ store, hashing, passwords })
  const accounts = createAccounts({ store, changes, clientTypes, roles })
  return { store, revocations, changes, queue, hashing, passwords, clientTypes, accounts, endpoints }
}
