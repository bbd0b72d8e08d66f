import { randomBytes } from 'node:crypto'
import { operator } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import { StartError } from '../store/start-error.js'
import type { Store, Writing } from '../store/store.js'
import { deriveKey, seal, unseal } from './seal.js'
import { makeSecretFile, readSecretFile, readSecretList } from './secret.js'

/** The one random key under which everything else is sealed; it never leaves this object. */
export interface MasterKey {
  /** A key of 32 bytes for one use only. */
  derive(use: string): Buffer
}

const rowName = 'master_key'
const place = { table: 'meta', id: rowName, use: 'master-key' }

/**
 * Reads the master key, or makes it when the store has neither a master key nor signing keys. `secret` is the value of
 * LATCHKEY_SECRET; without it the file `secret` in the data folder of SQLite is read, and made at the very first start.
 *
 * @throws StartError `secret_missing` or `secret_wrong` when the store has keys that this secret does not open: nothing is
 * made anew then. `secret_too_short`, `secret_weak`, `keys_damaged`.
 */
export async function openMasterKey(parts: { store: Store; secret?: string | undefined }): Promise<MasterKey> {
  const { store, secret } = parts
  // In this order: whoever makes them at this moment makes the master key first.
  const hasKeys = await hasSigningKeys(store.db)
  const wrapped = await readWrapped(store.db)
  if (hasKeys && wrapped === undefined) throw damaged()
  const secrets = secret === undefined ? [fileSecret(store.dataFolder, wrapped !== undefined)] : readSecretList(secret)
  const master = wrapped === undefined ? await makeMaster(store, secrets) : unwrap(wrapped, secrets)
  return Object.freeze({ derive: (use: string) => deriveKey(master, use) })
}

/**
 * Wraps the master key under the first secret of the list instead of whichever it was wrapped under: one row changes, and every
 * node that knows both goes on. Then the second one can be taken away.
 *
 * @throws StartError as `openMasterKey`.
 */
export async function rewrapMasterKey(parts: { store: Store; secret?: string | undefined }): Promise<void> {
  const { store, secret } = parts
  if (secret === undefined) throw new StartError('secret_missing', 'LATCHKEY_SECRET must be given: new,old')
  const secrets = readSecretList(secret)
  await store.transaction(async (transaction) => {
    const wrapped = await readWrapped(transaction)
    if (wrapped === undefined) throw damaged()
    const value = seal(wrappingKey(secrets[0] as string), unwrap(wrapped, secrets), place).toString('base64url')
    await transaction.updateTable('meta').set({ value }).where('name', '=', rowName).execute()
    await writeAuditEvent(transaction, { at: store.now(), event: 'key_rewrapped', outcome: 'done', by: operator })
  })
}

function fileSecret(dataFolder: string | undefined, mustExist: boolean): string {
  if (dataFolder === undefined) {
    throw new StartError(
      'secret_missing',
      'LATCHKEY_SECRET must be given with DATABASE_URL, the same on every machine. Make one with: openssl rand -base64 32',
    )
  }
  const secret = readSecretFile(dataFolder)
  if (secret !== undefined) return secret
  if (!mustExist) return makeSecretFile(dataFolder)
  throw new StartError(
    'secret_missing',
    `The database in ${dataFolder} has keys, but their secret is gone: there is no LATCHKEY_SECRET and no file "secret". ` +
      'Give the secret it was made with; nothing was changed.',
  )
}

async function makeMaster(store: Store, secrets: readonly string[]): Promise<Buffer> {
  return store.transaction(async (transaction) => {
    const value = seal(wrappingKey(secrets[0] as string), randomBytes(32), place).toString('base64url')
    await transaction
      .insertInto('meta')
      .values({ name: rowName, value })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    // Of several that start at once the first one's row is there, and the others read that.
    return unwrap((await readWrapped(transaction)) as string, secrets)
  })
}

function unwrap(wrapped: string, secrets: readonly string[]): Buffer {
  for (const secret of secrets) {
    const master = unseal(wrappingKey(secret), Buffer.from(wrapped, 'base64url'), place)
    if (master !== undefined) return master
  }
  throw new StartError(
    'secret_wrong',
    'The keys in the database are sealed under another secret than the one given. Give the secret they were made with; nothing was changed.',
  )
}

function wrappingKey(secret: string): Buffer {
  return deriveKey(Buffer.from(secret), 'wrap-master-key')
}

function damaged(): StartError {
  return new StartError(
    'keys_damaged',
    'The database has signing keys but not the master key that opens them. Restore a backup; nothing was changed.',
  )
}

async function readWrapped(db: Store['db'] | Writing): Promise<string | undefined> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', rowName).executeTakeFirst()
  return row?.value
}

async function hasSigningKeys(db: Store['db'] | Writing): Promise<boolean> {
  return (await db.selectFrom('signing_keys').select('kid').limit(1).executeTakeFirst()) !== undefined
}
