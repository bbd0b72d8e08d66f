import { firstOr404, getOr404, NotFound } from '@latchkey/query'
import { LatchkeyError, type Roles } from 'latchkey'
import { type Actor, operator } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import type { ClientTypes } from '../client-types/index.js'
import type { SessionChanges } from '../sessions/session-changes.js'
import { deleteFrom } from '../store/soft-delete.js'
import type { Store } from '../store/store.js'
import { nicknameReasons, normaliseNickname } from './nickname.js'
import { type AccountEntry, type Profile, readEntries, readEntry } from './profile.js'
import { type RegisterForm, register } from './register.js'
import { parseUid } from './uid.js'

const defaultRole = 'user'
const maxPage = 100

export interface AccountList {
  readonly users: readonly AccountEntry[]
  /** What to give as `after` for the next page; null on the last. */
  readonly next: string | null
}

/**
 * The users. A uid is a decimal text; each function that takes one throws NotFound for a text that is none, and for a
 * user that is missing or deleted. What changes something is told in the audit log as done `by` somebody; default the operator.
 */
export interface Accounts {
  /**
   * Makes a user; default with the role `user`.
   * @throws LatchkeyError `client_type_invalid`, `parameter_invalid`, also for a role that is not defined, `account_exists`, `busy`.
   */
  register(form: RegisterForm, by?: Actor, role?: string): Promise<{ uid: string }>
  profile(uid: string): Promise<Profile>
  /** @throws LatchkeyError `parameter_invalid`. */
  setNickname(uid: string, nickname: string, by?: Actor): Promise<Profile>
  /** Soft-deletes the user, frees its accounts, forgets their secrets and ends everything it is logged in to. */
  remove(uid: string, by?: Actor): Promise<void>
  /** Pages of users in the order of their numbers; `limit` is cut to 1 ... 100 (default 20). */
  list(page?: { readonly after?: string | undefined; readonly limit?: number | undefined }): Promise<AccountList>
  /**
   * Access tokens with the old role are refused; sessions go on and get the new one.
   * @throws LatchkeyError `parameter_invalid` for a role that is not defined.
   */
  setRole(uid: string, role: string, by?: Actor): Promise<void>
  /** Ends every session and key of the user and refuses its logins; the address stays taken. Again: changes nothing. */
  disable(uid: string, by?: Actor): Promise<void>
  /** Lets the user log in again; what `disable` ended stays ended. */
  enable(uid: string, by?: Actor): Promise<void>
  /** The user with this account, in any spelling; undefined when there is none. */
  find(account: string, type: number): Promise<AccountEntry | undefined>
}

export interface AccountsParts {
  readonly store: Store
  readonly changes: SessionChanges
  readonly clientTypes: ClientTypes
  readonly roles: Roles
}

/** Makes the accounts' service. */
export function createAccounts(parts: AccountsParts): Accounts {
  const { store, changes, clientTypes, roles } = parts
  const { db } = store

  async function profile(uid: string): Promise<Profile> {
    const { disabled_at: _, ...rest } = await readEntry(db, roles, known(uid))
    return rest
  }

  async function setNickname(uid: string, nickname: string, by = operator): Promise<Profile> {
    const number = known(uid)
    const normalised = normaliseNickname(nickname)
    const reasons = nicknameReasons(normalised)
    if (reasons.length > 0) throw new LatchkeyError('parameter_invalid', { msg: { nickname: reasons } })
    await store.transaction(async (transaction) => {
      await firstOr404(transaction.updateTable('users').set({ nickname: normalised }).where('uid', '=', number))
      await writeAuditEvent(transaction, { at: store.now(), event: 'nickname', outcome: 'done', by, uid: number })
    })
    return profile(uid)
  }

  async function remove(uid: string, by = operator): Promise<void> {
    const number = known(uid)
    await changes.transaction(async (transaction, change) => {
      await change({ event: 'delete', uid: number, by, now: store.now(), user: { status: 0 } })
      await deleteFrom(transaction, 'identities')
        .set({ secret_hash: null, secret_form: null })
        .where('uid', '=', number)
        .execute()
    })
  }

  async function list(page: Parameters<Accounts['list']>[0] = {}): Promise<AccountList> {
    const limit = Math.min(Math.max(Math.trunc(page.limit ?? 20), 1), maxPage)
    const after = page.after === undefined ? 0 : known(page.after)
    const users = await db
      .selectFrom('users')
      .selectAll()
      .where('uid', '>', after)
      .orderBy('uid')
      .limit(limit + 1)
      .execute()
    const entries = await readEntries(db, roles, users.slice(0, limit))
    return { users: entries, next: users.length > limit ? (entries.at(-1) as AccountEntry).uid : null }
  }

  function checkRole(role: string): void {
    if (roles.has(role)) return
    throw new LatchkeyError('parameter_invalid', { msg: { role: [`must be one of ${roles.names.join(', ')}`] } })
  }

  async function setRole(uid: string, role: string, by = operator): Promise<void> {
    const number = known(uid)
    checkRole(role)
    await changes.transaction(async (transaction, change) => {
      const before = await getOr404(transaction, 'users', { uid: number })
      if (before.role === role) return
      await change({ event: 'role', uid: number, by, now: store.now(), user: { role }, detail: role })
    })
  }

  async function setDisabled(uid: string, disabled: boolean, by = operator): Promise<void> {
    const number = known(uid)
    await changes.transaction(async (transaction, change) => {
      const before = await getOr404(transaction, 'users', { uid: number })
      if ((before.disabled_at !== null) === disabled) return
      const now = store.now()
      const user = { disabled_at: disabled ? now : null }
      await change({ event: disabled ? 'disable' : 'enable', uid: number, by, now, user })
    })
  }

  async function find(account: string, type: number): Promise<AccountEntry | undefined> {
    const user = await db
      .selectFrom('users')
      .innerJoin('identities', 'identities.uid', 'users.uid')
      .selectAll('users')
      .where('identities.client_type', '=', type)
      .where('identities.account', '=', clientTypes.get(type).normaliseAccount(account))
      .executeTakeFirst()
    return user === undefined ? undefined : (await readEntries(db, roles, [user]))[0]
  }

  return Object.freeze({
    async register(form: RegisterForm, by = operator, role = defaultRole) {
      checkRole(role)
      return register(parts, form, role, by)
    },
    profile,
    setNickname,
    remove,
    list,
    setRole,
    disable: (uid: string, by?: Actor) => setDisabled(uid, true, by),
    enable: (uid: string, by?: Actor) => setDisabled(uid, false, by),
    find,
  })
}

function known(uid: string): number {
  const number = parseUid(uid)
  if (number === undefined) throw new NotFound()
  return number
}
