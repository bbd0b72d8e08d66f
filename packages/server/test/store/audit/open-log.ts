/** An audit log to seal, to verify and to change by hand. */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { userActor } from '../../../src/audit/actor.js'
import { openAuditKeys, type SealMacs } from '../../../src/audit/audit-keys.js'
import { sealRows } from '../../../src/audit/seal-rows.js'
import { type ChainReport, verifyChain } from '../../../src/audit/verify-chain.js'
import { writeAuditEvent } from '../../../src/audit/write-audit-event.js'
import { openStore } from '../../../src/store/open-store.js'
import type { Store, Writing } from '../../../src/store/store.js'
import { createTestDatabase, type TestDatabase } from '../test-store.js'

export const secret = 'a secret of more than thirty-two bytes'
let count = 0

export interface Log {
  readonly database: TestDatabase
  readonly store: Store
  readonly macs: SealMacs
  readonly time: { now: number }
}

export async function openLog(folder: string, database?: TestDatabase): Promise<Log> {
  const time = { now: 1_800_000_000 }
  const own = database ?? (await createTestDatabase(join(folder, String(++count))))
  const store = await openStore({ ...own.storeOptions, clock: () => time.now * 1000 })
  onTestFinished(() => store.close())
  return { database: own, store, time, macs: (await openAuditKeys(store, secret)).macs }
}

export const event = (at: number, detail: string) =>
  ({
    at,
    event: 'login',
    outcome: 'done',
    by: userActor(1, { addressPrefix: '192.0.2.0/24' }),
    uid: 1,
    detail,
  }) as const
export async function write({ store }: Log, rows: number): Promise<void> {
  await store.transaction(async (transaction) => {
    for (let i = 0; i < rows; i++) await writeAuditEvent(transaction, event(store.now(), `row ${i}`))
  })
}
export async function sealAll({ store, macs }: Log): Promise<void> {
  while ((await sealRows(store, macs)) > 0);
}
export const verify = ({ store, macs }: Log, head?: ChainReport['head']) => verifyChain(store, macs, head)
export const change = ({ store }: Log, work: (transaction: Writing) => Promise<unknown>) => store.transaction(work)

/** Three seals of 200, 200 and 50 rows, of which the ids are 1 to 450. */
export async function openSealed(folder: string): Promise<Log> {
  const log = await openLog(folder)
  await write(log, 450)
  await sealAll(log)
  return log
}
