import type { Log } from '../log/log.js'
import type { Store } from '../store/store.js'
import { type AuditKeys, openAuditKeys } from './audit-keys.js'
import { createRefusals, type Refusals } from './refusals.js'

/** What a server needs to write the audit log, to seal it and to read it. State changes write their events by themselves. */
export interface AuditLog extends AuditKeys {
  /** Whoever opened it closes them. */
  readonly refusals: Refusals
}

/** @throws StartError as `openAuditKeys`. */
export async function openAuditLog(parts: {
  readonly store: Store
  readonly secret: string | undefined
  readonly log: Log
}): Promise<AuditLog> {
  const { store, secret, log } = parts
  const keys = await openAuditKeys(store, secret)
  return Object.freeze({ ...keys, refusals: createRefusals({ store, accountHash: keys.accountHash, log }) })
}
