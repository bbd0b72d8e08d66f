import { isHash } from '../sessions/credential-text.js'
import type { Store } from '../store/store.js'
import { parseApiKey } from './api-key.js'

/** Whose key it is, as of this moment. */
export interface KeyOwner {
  readonly id: string
  readonly uid: number
  readonly role: string
  /** `users.epoch`. */
  readonly epoch: number
  /** Scopes that the key is cut to; null: all that the role grants. */
  readonly scopeLimit: string | null
}

/** The owner of an API key; undefined for a key that is unknown, ended or expired, and for one of a user that is no more. */
export async function findApiKey(store: Store, text: string): Promise<KeyOwner | undefined> {
  const presented = parseApiKey(text)
  if (presented === undefined) return undefined
  const row = await store.db
    .selectFrom('sessions')
    .innerJoin('users', 'users.uid', 'sessions.uid')
    .select(['sessions.uid', 'sessions.cur_hash', 'sessions.scope_limit', 'users.role', 'users.epoch'])
    .where('sessions.sid', '=', presented.id)
    .where('sessions.kind', '=', 'key')
    .where('sessions.ended_at', 'is', null)
    .where('sessions.absolute_until', '>', store.now())
    .where('users.disabled_at', 'is', null)
    .executeTakeFirst()
  if (row === undefined || !isHash(presented.hash, row.cur_hash)) return undefined
  const { uid, role, epoch, scope_limit: scopeLimit } = row
  return { id: presented.id, uid, role, epoch, scopeLimit }
}
