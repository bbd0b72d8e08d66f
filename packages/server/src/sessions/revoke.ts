import type { Verifier } from 'latchkey/token'
import { type ApiKey, parseApiKey } from '../api-keys/api-key.js'
import { findApiKey } from '../api-keys/find-api-key.js'
import { userActor } from '../audit/actor.js'
import { settle } from '../store/settle.js'
import type { Store } from '../store/store.js'
import type { SessionEvent } from './change-sessions.js'
import { claimsOf } from './claims-of.js'
import { isHash } from './credential-text.js'
import type { Caller } from './refresh.js'
import { parseRefreshToken } from './refresh-token.js'
import type { SessionChanges } from './session-changes.js'

export type Revoke = (token: string, caller: Caller) => Promise<void>

export interface RevokeParts {
  readonly store: Store
  readonly changes: SessionChanges
  /** Takes tokens for every audience, and those that are refused since. */
  readonly verifier: Verifier
}

/**
 * Makes the logout by token (RFC 7009 section 2): either token of a login ends it, also an access token that gave way to
 * another. An API key ends itself; an access token of one is refused with all that the key had before, and the key goes on. A
 * token that is unknown, expired, of a key that was withdrawn or of a session that is over changes nothing, and is no error. It
 * resolves only once the end is stored.
 */
export function createRevoke(parts: RevokeParts): Revoke {
  const { store, changes } = parts
  return async function revoke(token, caller) {
    const key = await findApiKey(store, token)
    const named = key === undefined ? await sessionOf(parts, token) : { sid: key.id }
    if (named === undefined) return
    const { sid } = named
    const row = await store.db
      .selectFrom('sessions')
      .select(['uid', 'kind', 'ended_at'])
      .where('sid', '=', sid)
      .executeTakeFirst()
    if (row === undefined) return
    if (row.ended_at !== null) return settle(store)
    const event: SessionEvent = key ? 'api_key_ended' : row.kind === 'key' ? 'api_key_tokens' : 'logout'
    // What a key got since its token was refused is good.
    const gen = event === 'api_key_tokens' ? named.gen : undefined
    await changes.transaction((_, change) =>
      change({ event, uid: row.uid, now: store.now(), sids: [sid], gen, by: userActor(row.uid, caller) }),
    )
  }
}

/** `gen` is that of an access token. */
interface Named {
  readonly sid: string
  readonly gen?: number
}

async function sessionOf({ store, verifier }: RevokeParts, token: string): Promise<Named | undefined> {
  const key = parseApiKey(token)
  if (key !== undefined) return (await isEndedApiKey(store, key)) ? { sid: key.id } : undefined
  const refresh = parseRefreshToken(token)
  if (refresh === undefined) return claimsOf(verifier, token)
  const row = await store.db.selectFrom('sessions').select('tag_key').where('sid', '=', refresh.sid).executeTakeFirst()
  return row?.tag_key != null && refresh.hasTagOf(row.tag_key) ? refresh : undefined
}

async function isEndedApiKey(store: Store, { id, hash }: ApiKey): Promise<boolean> {
  const row = await store.db
    .selectFrom('sessions')
    .select('cur_hash')
    .where('sid', '=', id)
    .where('kind', '=', 'key')
    .where('ended_at', 'is not', null)
    .executeTakeFirst()
  return row !== undefined && isHash(hash, row.cur_hash)
}
