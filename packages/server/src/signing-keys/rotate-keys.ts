import { NotFound } from '@latchkey/query'
import { sql } from 'kysely'
import type { Algorithm } from 'latchkey/token'
import { operator } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import { writeRevocations } from '../revocations/write-revocations.js'
import type { SigningKeyRow } from '../store/schema.js'
import type { Reading, Store, Writing } from '../store/store.js'
import { newKeyRow, readRows } from './key-rows.js'
import { readLongestTtl } from './longest-ttl.js'
import type { MasterKey } from './master-key.js'

/** The greatest leeway of any verifier, and an hour for clocks that step. */
export const marginSeconds = 300 + 3600

export interface RotationParts {
  readonly store: Store
  readonly master: MasterKey
  readonly algorithm: Algorithm
  /** A key is published this long before it signs, so that every service has read it by then. */
  readonly keyLeadSeconds: number
}

/** Why a rotation was refused; the message says what to do. */
export class RotationRefused extends Error {
  override readonly name = 'RotationRefused'
}

/**
 * Lets the published key that has not signed yet sign from the next second on, and publishes another. Tokens of the key before
 * stay good until the longest of them has expired. Resolves once every token carries the new key, wherever it is issued.
 *
 * @throws RotationRefused when the next key was published less than `keyLeadSeconds` ago, unless `immediately`.
 */
export async function rotateKeys(parts: RotationParts, immediately: boolean): Promise<{ readonly kid: string }> {
  const { store } = parts
  const { kid, signFrom } = await store.transaction(async (transaction) => {
    await raiseKeysVersion(transaction)
    const rotated = await rotate(parts, transaction, immediately, store.now() + 1)
    const event = { at: store.now(), event: 'key_rotated', outcome: 'done', by: operator } as const
    await writeAuditEvent(transaction, { ...event, detail: rotated.kid })
    return rotated
  })
  while (store.now() <= signFrom) await new Promise((resolve) => setTimeout(resolve, 50))
  return { kid }
}

/**
 * Stops a key from signing, rotating when it is the one that signs. Its tokens stay good until they expire, or with
 * `immediately` are refused everywhere within a second.
 *
 * @throws NotFound when there is no such key.
 * @throws RotationRefused as `rotateKeys`.
 */
export async function retireKey(parts: RotationParts, kid: string, immediately: boolean): Promise<void> {
  const { store } = parts
  await store.transaction(async (transaction) => {
    await raiseKeysVersion(transaction)
    const now = store.now()
    const row = (await readRows(transaction)).find((one) => one.kid === kid)
    if (row === undefined) throw new NotFound('there is no such key')
    if (row.sign_until === null) await rotate(parts, transaction, immediately, immediately ? now : now + 1, kid)
    if (immediately) await refuseTokensOf(transaction, row, now)
    await writeAuditEvent(transaction, { at: now, event: 'key_retired', outcome: 'done', by: operator, detail: kid })
  })
}

/** First of all in each transaction: whoever else changes the keys waits for it. Followers read the keys again. */
export async function raiseKeysVersion(transaction: Writing, least = 1): Promise<void> {
  const current = sql<number>`cast(meta.value as bigint)`
  await transaction
    .insertInto('meta')
    .values({ name: 'keys_version', value: String(least) })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({
        value: sql<string>`case when ${current} >= ${least} then cast(${current} + 1 as text) else ${String(least)} end`,
      }),
    )
    .execute()
}

/** One more with every change of the keys. */
export async function readKeysVersion(db: Reading): Promise<number> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', 'keys_version').executeTakeFirst()
  return Number(row?.value ?? 0)
}

async function rotate(
  { master, algorithm, keyLeadSeconds, store }: RotationParts,
  transaction: Writing,
  immediately: boolean,
  signFrom: number,
  retired?: string,
): Promise<{ readonly kid: string; readonly signFrom: number }> {
  const now = store.now()
  const rows = await readRows(transaction)
  const waiting = rows.filter((row) => row.sign_from === null && row.sign_until === null && row.kid !== retired)
  let next = waiting[0]
  if (next === undefined) {
    next = newKeyRow(algorithm, master, now)
    await transaction.insertInto('signing_keys').values(next).execute()
  }
  const waitSeconds = next.published_at + keyLeadSeconds - now
  if (waitSeconds > 0 && !immediately) {
    throw new RotationRefused(
      `The next key was published ${now - next.published_at} seconds ago, and services may not have read it yet. ` +
        `Wait ${waitSeconds} seconds, or rotate with --now.`,
    )
  }
  const verifyUntil = signFrom + (await readLongestTtl(transaction)) + marginSeconds
  await transaction
    .updateTable('signing_keys')
    .set({ sign_until: signFrom, verify_until: verifyUntil })
    .where('sign_until', 'is', null)
    .where((eb) => eb.or([eb('sign_from', 'is not', null), eb('kid', '=', retired ?? '')]))
    .execute()
  await transaction.updateTable('signing_keys').set({ sign_from: signFrom }).where('kid', '=', next.kid).execute()
  // Another one that is published and has not signed, unless one is left.
  if (waiting.length < 2) {
    await transaction
      .insertInto('signing_keys')
      .values(newKeyRow(algorithm, master, now))
      .execute()
  }
  return { kid: next.kid, signFrom }
}

async function refuseTokensOf(transaction: Writing, { kid, verify_until }: SigningKeyRow, now: number): Promise<void> {
  const longest = await readLongestTtl(transaction)
  await transaction
    .updateTable('signing_keys')
    .set({ sign_until: now, verify_until: now })
    .where('kid', '=', kid)
    .execute()
  const expires_at = Math.max(verify_until ?? 0, now + longest + marginSeconds)
  await writeRevocations(transaction, [{ kind: 'k', id: kid, min: 0, expires_at }])
}
