import type { Roles } from 'latchkey'
import { grantScopes } from '../sessions/token-request.js'
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

/** The entries of these users, in their order. `account` is that of the first identity. */
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
  return users.map((user) => ({
    uid: String(user.uid),
    account: accounts.get(user.uid) ?? '',
    nickname: user.nickname,
    role: user.role,
    scopes: grantScopes(roles, user.role),
    created_at: user.created_at,
    disabled_at: user.disabled_at,
  }))
}
