import { type Algorithm, generateKey, importKey, type Key } from 'latchkey/token'
import type { SigningKeyRow } from '../store/schema.js'
import { StartError } from '../store/start-error.js'
import type { Reading, Store } from '../store/store.js'
import type { MasterKey } from './master-key.js'
import { seal, unseal } from './seal.js'

/** A key and the row that it came from. */
export interface KeyEntry {
  readonly key: Key
  readonly row: SigningKeyRow
}

/** The row of a new key that is published from `now` on (epoch seconds) and has not signed yet. */
export function newKeyRow(algorithm: Algorithm, master: MasterKey, now: number): SigningKeyRow {
  const key = makeKey(algorithm)
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

/** Its name begins with no dash, so that `latchkey key retire KID` takes it for no option. */
function makeKey(algorithm: Algorithm): Key {
  let key: Key
  do key = generateKey(algorithm)
  while (key.kid.startsWith('-'))
  return key
}

/** @throws StartError `keys_damaged` when a row was changed. */
export async function readEntries(store: Store, master: MasterKey): Promise<readonly KeyEntry[]> {
  return (await readRows(store.db)).map((row) => ({ row, key: openRow(row, master) }))
}

/** In the order of their publication. */
export function readRows(db: Reading): Promise<SigningKeyRow[]> {
  return db.selectFrom('signing_keys').selectAll().orderBy('published_at').orderBy('kid').execute()
}

function openRow(row: SigningKeyRow, master: MasterKey): Key {
  const plain = unseal(sealingKey(master), row.private, placeOf(row.kid))
  if (plain !== undefined) {
    const key = importKey(JSON.parse(plain.toString()))
    if (key.kid === row.kid && key.alg === row.alg) return key
  }
  throw new StartError('keys_damaged', `The signing key ${row.kid} in the database was changed. Restore a backup.`)
}

function sealingKey(master: MasterKey): Buffer {
  return master.derive('signing_keys.private')
}

function placeOf(kid: string) {
  return { table: 'signing_keys', id: kid, use: 'private' }
}
