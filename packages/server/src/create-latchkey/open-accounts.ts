import { type Accounts, createAccounts } from '../accounts/accounts.js'
import { createHashingQueue, type HashingQueue } from '../accounts/hashing-queue.js'
import { createSecretHashing } from '../accounts/secret-hashing.js'
import { type ClientTypes, createClientTypes } from '../client-types/index.js'
import type { ReadyConfig } from '../config.js'
import { openStore } from '../store/open-store.js'
import type { Store } from '../store/store.js'

/** The store and the accounts in it; enough for the commands that keep users. */
export interface OpenAccounts {
  readonly store: Store
  readonly queue: HashingQueue
  readonly clientTypes: ClientTypes
  readonly accounts: Accounts
}

/**
 * Opens the store, migrates it, and makes the accounts' service. Whoever opens it closes `store`.
 * @throws StartError
 */
export async function openAccounts(
  config: Pick<ReadyConfig, 'databaseUrl' | 'dataFolder' | 'clock' | 'roles'>,
  { mustExist = false }: { readonly mustExist?: boolean } = {},
): Promise<OpenAccounts> {
  const { databaseUrl, dataFolder, clock, roles } = config
  const store = await openStore({ databaseUrl, dataFolder, clock, mustExist })
  const queue = createHashingQueue()
  const clientTypes = createClientTypes({ store, hashing: createSecretHashing({ queue }) })
  return { store, queue, clientTypes, accounts: createAccounts({ store, clientTypes, roles }) }
}
