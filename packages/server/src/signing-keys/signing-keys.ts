import { LatchkeyError } from 'latchkey'
import { type Algorithm, generateKey, importKey, type Jwk, type Key } from 'latchkey/token'
import type { SigningKeyRow } from '../store/schema.js'
import { StartError } from '../store/start-error.js'
import type { Store, Writing } from '../store/store.js'
import { type MasterKey, openMasterKey } from './master-key.js'
import { seal, unseal } from './seal.js'

/** The keys that tokens are signed and verified with, held in memory. */
export interface SigningKeys {
  /**
   * The key that signs at `now` (epoch seconds): the greatest `sign_from` that is not after it.
   * @throws LatchkeyError `busy` when there is none.
   */
  signingKey(now: number): Key
  /** Every key whose tokens may still be good, those that have not signed yet included. */
  verifyKeys(): readonly Key[]
  /** The key set to publish (RFC 7517 section 5). Symmetric keys are never in it. */
  publicJwks(): { readonly keys: readonly Jwk[] }
  /** Reads the rows again, after another process changed them. */
  reload(): Promise<void>
}

export interface SigningKeysOptions {
  readonly store: Store
  /** The value of LATCHKEY_SECRET; without it the secret is a file in the data folder. */
  readonly secret?: string | undefined
  /** Of keys that are made from now on; those that exist keep theirs. Default EdDSA. */
  readonly algorithm?: Algorithm | undefined
}

interface Entry {
  readonly key: Key
  readonly row: SigningKeyRow
}

/**
 * Opens the signing keys. An empty store gets two: one that signs at once, and one that is published and has not signed yet.
 *
 * @throws StartError when the store has keys and the secret is missing or another; nothing is made anew then.
 */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { store, secret, algorithm = 'EdDSA' } = options
  const master = await openMasterKey({ store, secret })
  await makeFirstKeys(store, master, algorithm)
  let entries = await readEntries(store, master)
  return Object.freeze({
    signingKey: (now: number) => newestSigning(entries, now),
    verifyKeys: () => verifying(entries, store.now()).map(({ key }) => key),
    publicJwks: () => ({
      keys: verifying(entries, store.now()).flatMap(({ key }) => (key.symmetric ? [] : [key.toPublicJwk()])),
    }),
    reload: async () => {
      entries = await readEntries(store, master)
    },
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
    const first = sealedRow(generateKey(algorithm), master, now)
    const next = sealedRow(generateKey(algorithm), master, now)
    await transaction
      .insertInto('signing_keys')
      .values([{ ...first, sign_from: now }, next])
      .execute()
  })
}

async function anyKey(db: Store['db'] | Writing): Promise<boolean> {
  return (await db.selectFrom('signing_keys').select('kid').limit(1).executeTakeFirst()) !== undefined
}

function sealedRow(key: Key, master: MasterKey, now: number): SigningKeyRow {
  const plain = Buffer.from(JSON.stringify(key.toPrivateJwk()))
  return {
    kid: key.kid,
    alg: key.alg,
    public: key.symmetric ? null : JSON.stringify(key.toPublicJwk()),
    private: seal(sealingKey(master), plain, placeOf(key.kid)),
    published_at: now,
    sign_from: null,
    sign_until: null,
    verify_until: null,
  }
}

async function readEntries(store: Store, master: MasterKey): Promise<readonly Entry[]> {
  const rows = await store.db.selectFrom('signing_keys').selectAll().orderBy('published_at').orderBy('kid').execute()
  return rows.map((row) => ({ row, key: openRow(row, master) }))
}

function openRow(row: SigningKeyRow, master: MasterKey): Key {
  const plain = unseal(sealingKey(master), row.private, placeOf(row.kid))
  if (plain !== undefined) {
    const key = importKey(JSON.parse(plain.toString()))
    if (key.kid === row.kid && key.alg === row.alg) return key
  }
  throw new StartError('keys_damaged', `The signing key ${row.kid} in the database was changed. Restore a backup.`)
}

function newestSigning(entries: readonly Entry[], now: number): Key {
  let newest: Entry | undefined
  for (const entry of entries) {
    const { sign_from, sign_until } = entry.row
    if (sign_from === null || sign_from > now || (sign_until !== null && sign_until <= now)) continue
    if (newest === undefined || sign_from > (newest.row.sign_from as number)) newest = entry
  }
  if (newest === undefined) throw new LatchkeyError('busy', { detail: 'there is no key to sign with at this moment' })
  return newest.key
}

function verifying(entries: readonly Entry[], now: number): readonly Entry[] {
  return entries.filter(({ row }) => row.verify_until === null || row.verify_until > now)
}

function sealingKey(master: MasterKey): Buffer {
  return master.derive('signing_keys.private')
}

function placeOf(kid: string) {
  return { table: 'signing_keys', id: kid, use: 'private' }
}
