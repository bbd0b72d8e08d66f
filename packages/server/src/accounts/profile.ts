import { NotFound } from '@latchkey/query'
import type { Roles } from 'latchkey'
import { grantScopes } from '../sessions/token-request.js'
import { prepareQuery } from '../store/prepared-query.js'
import type { UserRow } from '../store/schema.js'
import type { Reading } from '../store/store.js'

/** What a user sees of itself, and others who may. */
export interface Profile {
  readonly uid: string
  readonly account: string
  readonly nickname: string
  readonly role: string
  /** What the role grants. */
  readonly scopes: readonly string[]
  /** Epoch seconds. */
  readonly created_at: number
}

/** What an administrator sees beside it. */
export interface AccountEntry extends Profile {
  /** Epoch seconds; null: not disabled. */
  readonly disabled_at: number | null
}

const selectUser = prepareQuery<{ readonly uid: number }, UserRow & { readonly account: string | null }>((db, value) =>
  db
    .selectFrom('users')
    .leftJoin('identities', 'identities.uid', 'users.uid')
    .selectAll('users')
    .select('identities.account')
    .where('users.uid', '=', value('uid'))
    .orderBy('identities.id')
    .limit(1),
)

/**
 * The entry of one user; `account` is that of the first identity.
 * @throws NotFound
 */
export async function readEntry(db: Reading, roles: Roles, uid: number): Promise<AccountEntry> {
  const [user] = (await selectUser(db, { uid })).rows
  if (user === undefined) throw new NotFound()
  return entryOf(roles, user, user.account)
}

/** The same of these users, in their order. */
export async function readEntries(db: Reading, roles: Roles, users: readonly UserRow[]): Promise<AccountEntry[]> {
  if (users.length === 0) return []
  const identities = await db
    .selectFrom('identities')
    .select(['uid', 'account'])
    .where(
      'uid',
      'in',
      users.map((user) => user.uid),
    )
    .orderBy('id', 'desc')
    .execute()
  const accounts = new Map(identities.map((identity) => [identity.uid, identity.account]))
  return users.map((user) => entryOf(roles, user, accounts.get(user.uid)))
}

function entryOf(roles: Roles, user: UserRow, account: string | null | undefined): AccountEntry {
  const { uid, nickname, role, created_at, disabled_at } = user
  const scopes = grantScopes(roles, role)
  return { uid: String(uid), account: account ?? '', nickname, role, scopes, created_at, disabled_at }
}
