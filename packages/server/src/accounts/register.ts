import { LatchkeyError } from 'latchkey'
import type { Actor } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import type { ClientTypes } from '../client-types/index.js'
import { refuseFaults } from '../client-types/refuse-faults.js'
import type { Reading, Store } from '../store/store.js'
import { nicknameReasons, normaliseNickname } from './nickname.js'

export interface RegisterForm {
  readonly type: number
  readonly account: string
  readonly secret: string
  readonly nickname: string
}

export interface RegisterParts {
  readonly store: Store
  readonly clientTypes: ClientTypes
}

/**
 * Makes a user of `role` with its first identity. A deleted account's name can register again.
 *
 * @throws LatchkeyError `client_type_invalid`, `parameter_invalid`, `account_exists`, `busy`.
 */
export async function register(
  parts: RegisterParts,
  form: RegisterForm,
  role: string,
  by: Actor,
): Promise<{ uid: string }> {
  const { store, clientTypes } = parts
  const clientType = clientTypes.get(form.type)
  const { registration } = clientType
  if (registration === undefined) throw new LatchkeyError('client_type_invalid')
  const nickname = normaliseNickname(form.nickname)
  refuseFaults({ ...(await registration.reasons(form)), nickname: nicknameReasons(nickname) })

  const account = clientType.normaliseAccount(form.account)
  // Spares a hash; the unique index below is what decides.
  if (await exists(store.db, form.type, account)) throw new LatchkeyError('account_exists')
  const { hash, form: secretForm } = await registration.storeSecret(form.secret)
  return store.transaction(async (transaction) => {
    const created_at = store.now()
    const { uid } = await transaction
      .insertInto('users')
      .values({ nickname, role, created_at, disabled_at: null })
      .returning('uid')
      .executeTakeFirstOrThrow()
    const identity = { uid, client_type: form.type, account, secret_hash: hash, secret_form: secretForm, created_at }
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('identities')
      .values(identity)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow()
    // Undoes the user as well.
    if (numInsertedOrUpdatedRows !== 1n) throw new LatchkeyError('account_exists')
    const event = { at: created_at, event: 'register', outcome: 'done', by } as const
    await writeAuditEvent(transaction, { ...event, uid, clientType: form.type, detail: role })
    return { uid: String(uid) }
  })
}

async function exists(db: Reading, clientType: number, account: string): Promise<boolean> {
  const row = await db
    .selectFrom('identities')
    .select('id')
    .where('client_type', '=', clientType)
    .where('account', '=', account)
    .executeTakeFirst()
  return row !== undefined
}
