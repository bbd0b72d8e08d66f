/** What the keys of the audit log make: macs of rows and seals, and hashes of accounts. */
import { createHmac } from 'node:crypto'
import { type MasterKey, openMasterKey } from '../signing-keys/master-key.js'
import type { AuditEventRow } from '../store/schema.js'
import type { Store } from '../store/store.js'

/** 128 bits are enough: who would forge one cannot try them without the key. */
const rowMacBytes = 16

export interface AuditKeys {
  readonly macs: SealMacs
  readonly accountHash: AccountHash
}

/**
 * The keys survive `latchkey key rewrap`: they come from the master key, not from the secret.
 * @throws StartError as `openMasterKey`.
 */
export async function openAuditKeys(store: Store, secret: string | undefined): Promise<AuditKeys> {
  const master = await openMasterKey({ store, secret })
  return Object.freeze({ macs: createSealMacs(master), accountHash: createAccountHash(master) })
}

/** Makes the macs of the chain. Each begins with what it is of, so that none can stand for another. */
export interface SealMacs {
  ofRow(row: AuditEventRow): Buffer
  /** `previous` is the mac of the seal before, and empty for the first one. */
  ofSeal(
    seal: { readonly number: number; readonly newestAt: number; readonly contents: Buffer },
    previous: string,
  ): string
  /** Of an end of the chain, which is kept beside it. */
  ofEnd(end: 'start' | 'head', number: number, mac: string): string
}

function createSealMacs(master: MasterKey): SealMacs {
  const key = master.derive('audit-seal')
  // JSON keeps the parts apart, whatever they hold.
  const mac = (parts: readonly (string | number | null)[]) =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest()
  return Object.freeze({
    ofRow(row: AuditEventRow) {
      const { id, at, event, outcome, actor, actor_uid, uid, sid, client_type } = row
      const { account_hash, address_prefix, request_id, detail } = row
      const who = [actor, actor_uid, uid, sid, client_type, account_hash, address_prefix, request_id]
      return mac(['row', id, at, event, outcome, ...who, detail]).subarray(0, rowMacBytes)
    },
    ofSeal({ number, newestAt, contents }, previous) {
      return mac(['seal', number, newestAt, contents.toString('base64url'), previous]).toString('base64url')
    },
    ofEnd: (end, number, of) => mac([end, number, of]).toString('base64url'),
  } satisfies SealMacs)
}

/** What a refused login keeps of the account that it named. */
export type AccountHash = (clientType: number, account: string) => string

/**
 * Makes the hash of an account (normalised by its client type). People type passwords where an account belongs, so it is not
 * kept as it is. Without the key, which is in no copy of the database alone, nobody can try out what it was.
 */
function createAccountHash(master: MasterKey): AccountHash {
  const key = master.derive('audit-account')
  return (clientType, account) =>
    createHmac('sha256', key)
      .update(JSON.stringify([clientType, account]))
      .digest()
      .subarray(0, 16)
      .toString('base64url')
}
