import { LatchkeyError } from 'latchkey'
import type { Algorithm, Jwk, Key } from 'latchkey/token'
import type { Reading, Store } from '../store/store.js'
import { type KeyEntry, newKeyRow, readEntries } from './key-rows.js'
import { type MasterKey, openMasterKey, rewrapMasterKey } from './master-key.js'
import { readKeysVersion, retireKey, rotateKeys } from './rotate-keys.js'

/** The keys that tokens are signed and verified with, held in memory. */
export interface SigningKeys {
  /**
   * The key that signs at `now` (epoch seconds): the greatest `sign_from` that is not after it.
   * @throws LatchkeyError `busy` when there is none.
   */
  signingKey(now: number): Key
  /** Since when that key signs, in epoch seconds; undefined when there is none. */
  signingSince(now: number): number | undefined
  /** Every key whose tokens may still be good, those that have not signed yet included. */
  verifyKeys(): readonly Key[]
  /**
   * The key set to publish (RFC 7517 section 5). Symmetric keys are never in it. Its version says to who follows the feed
   * whether this node has read the change that the feed speaks of.
   */
  publicJwks(): { readonly keys: readonly Jwk[]; readonly keys_version: number }
  /** How old a copy of the key set may be and hold every key that signs: half of `keyLeadSeconds`. */
  readonly maxAgeSeconds: number
  /** The version of the rows that were read: one more with every change of the keys. */
  readonly version: number
  /** All keys there are, retired ones included, in the order of their publication. */
  list(): readonly KeyEntry[]
  /** Reads the rows again, after this or another process changed them. */
  reload(): Promise<void>
  /** Says that the rows are still as they were read. Without that, or a reload, for half of `keyLeadSeconds` nothing is signed any more. */
  confirm(): void
  /** See `rotateKeys`. */
  rotate(immediately: boolean): Promise<{ readonly kid: string }>
  /** See `retireKey`. */
  retire(kid: string, immediately: boolean): Promise<void>
  /** See `rewrapMasterKey`. */
  rewrap(): Promise<void>
}

export interface SigningKeysOptions {
  readonly store: Store
  /** The value of LATCHKEY_SECRET; without it the secret is a file in the data folder. */
  readonly secret?: string | undefined
  /** Of keys that are made from now on; those that exist keep theirs. Default EdDSA. */
  readonly algorithm?: Algorithm | undefined
  /** How long a key is published before it signs. Default 600. */
  readonly keyLeadSeconds?: number | undefined
}

/**
 * Opens the signing keys. An empty store gets two: one that signs at once, and one that is published and has not signed yet.
 *
 * @throws StartError when the store has keys and the secret is missing or another; nothing is made anew then.
 */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { store, secret, algorithm = 'EdDSA', keyLeadSeconds = 600 } = options
  const master = await openMasterKey({ store, secret })
  await makeFirstKeys(store, master, algorithm)
  let confirmedAtMs = performance.now()
  // In this order, so that the keys are never older than their version says.
  let version = await readKeysVersion(store.db)
  let entries = await readEntries(store, master)
  const parts = { store, master, algorithm, keyLeadSeconds }

  async function reload(): Promise<void> {
    const atMs = performance.now()
    const newVersion = await readKeysVersion(store.db)
    entries = await readEntries(store, master)
    version = newVersion
    confirmedAtMs = atMs
  }
  return Object.freeze({
    signingKey(now: number) {
      // Another node may have retired the key meanwhile.
      if (performance.now() - confirmedAtMs > (keyLeadSeconds / 2) * 1000) {
        throw new LatchkeyError('busy', {
          detail: `the signing keys could not be read for ${keyLeadSeconds / 2} seconds`,
        })
      }
      const newest = newestSigning(entries, now)
      if (newest !== undefined) return newest.key
      throw new LatchkeyError('busy', { detail: 'there is no key to sign with at this moment' })
    },
    signingSince: (now: number) => signingSince(entries, now),
    verifyKeys: () => verifying(entries, store.now()).map(({ key }) => key),
    publicJwks: () => ({
      keys: verifying(entries, store.now()).flatMap(({ key }) => (key.symmetric ? [] : [key.toPublicJwk()])),
      keys_version: version,
    }),
    maxAgeSeconds: Math.floor(keyLeadSeconds / 2),
    get version() {
      return version
    },
    list: () => entries,
    reload,
    confirm() {
      confirmedAtMs = performance.now()
    },
    async rotate(immediately: boolean) {
      const rotated = await rotateKeys(parts, immediately)
      await reload()
      return rotated
    },
    async retire(kid: string, immediately: boolean) {
      await retireKey(parts, kid, immediately)
      await reload()
    },
    rewrap: () => rewrapMasterKey({ store, secret }),
  })
}

async function makeFirstKeys(store: Store, master: MasterKey, algorithm: Algorithm): Promise<void> {
  if (await anyKey(store.db)) return
  await store.transaction(async (transaction) => {
    // Whoever starts at the same moment waits here for the row, and then finds it taken.
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('meta')
      .values({ name: 'first_keys', value: 'made' })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows !== 1n) return
    const now = store.now()
    const first = newKeyRow(algorithm, master, now)
    const next = newKeyRow(algorithm, master, now)
    await transaction
      .insertInto('signing_keys')
      // From the beginning of time: a clock that is set back after the first start must not leave it without a key.
      .values([{ ...first, sign_from: 0 }, next])
      .execute()
  })
}

async function anyKey(db: Reading): Promise<boolean> {
  return (await db.selectFrom('signing_keys').select('kid').limit(1).executeTakeFirst()) !== undefined
}

/** Epoch seconds. */
function signingSince(entries: readonly KeyEntry[], now: number): number | undefined {
  const row = newestSigning(entries, now)?.row
  return row && Math.max(row.sign_from as number, row.published_at)
}

function newestSigning(entries: readonly KeyEntry[], now: number): KeyEntry | undefined {
  let newest: KeyEntry | undefined
  for (const entry of entries) {
    const { sign_from, sign_until } = entry.row
    if (sign_from === null || sign_from > now || (sign_until !== null && sign_until <= now)) continue
    if (newest === undefined || sign_from > (newest.row.sign_from as number)) newest = entry
  }
  return newest
}

function verifying(entries: readonly KeyEntry[], now: number): readonly KeyEntry[] {
  return entries.filter(({ row }) => row.verify_until === null || row.verify_until > now)
}
