import type { Store } from './store.js'

/**
 * Resolves once everything that was read so far is on disk, which it need not be yet: to be called before an answer that says
 * so without writing anything itself. An empty transaction is acknowledged when all before it is.
 *
 * @throws LatchkeyError `busy` as `store.transaction`.
 */
export async function settle(store: Store): Promise<void> {
  await store.transaction(async () => {})
}
