import { findApiKey } from '../api-keys/find-api-key.js'
import type { Store } from '../store/store.js'
import { type Attempt, apiKeyType, type ClientType, type Verification } from './client-type.js'

/** Client type 300: an API key, with its id as the account. Keys are made by their owners, not by registering. */
export function createApiKeyClientType({ store }: { store: Store }): ClientType {
  async function verify({ account, secret }: Attempt): Promise<Verification> {
    const startedAtMs = performance.now()
    const owner = await findApiKey(store, secret)
    if (owner === undefined || owner.id !== account) return { identity: undefined, startedAtMs }
    const { id, uid, role, epoch } = owner
    return { identity: { uid, role, epoch, apiKeyId: id }, startedAtMs }
  }
  return Object.freeze({
    type: apiKeyType,
    name: 'API key',
    isGuessable: false,
    normaliseAccount: (account: string) => account,
    // Whatever is no key finds none, and costs nothing.
    attemptReasons: () => ({}),
    verify,
  })
}
