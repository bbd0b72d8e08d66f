import { LatchkeyError } from 'latchkey'
import type { Verifier } from 'latchkey/token'
import type { Store } from '../store/store.js'
import type { Caller } from './refresh.js'
import { parseRefreshToken } from './refresh-token.js'
import type { SessionChanges } from './session-changes.js'

export type Revoke = (token: string, caller: Caller) => Promise<void>

/**
 * Makes the logout by token (RFC 7009 section 2): either token of a session ends it. A token that is unknown, expired or of a
 * session that is over changes nothing, and is no error. It resolves only once the end is stored.
 */
export function createRevoke(parts: { store: Store; changes: SessionChanges; verifier: Verifier }): Revoke {
  const { store, changes, verifier } = parts

  async function sessionOf(token: string): Promise<string | undefined> {
    const refresh = parseRefreshToken(token)
    if (refresh === undefined) return sidOfAccessToken(verifier, token)
    const row = await store.db
      .selectFrom('sessions')
      .select('tag_key')
      .where('sid', '=', refresh.sid)
      .executeTakeFirst()
    return row?.tag_key != null && refresh.hasTagOf(row.tag_key) ? refresh.sid : undefined
  }

  return async function revoke(token, { addressPrefix }) {
    const sid = await sessionOf(token)
    const row =
      sid === undefined
        ? undefined
        : await store.db.selectFrom('sessions').select(['uid', 'ended_at']).where('sid', '=', sid).executeTakeFirst()
    if (sid === undefined || row === undefined || row.ended_at !== null) return
    await changes.transaction((_, change) =>
      change({ event: 'logout', uid: row.uid, now: store.now(), sids: [sid], addressPrefix }),
    )
  }
}

function sidOfAccessToken(verifier: Verifier, token: string): string | undefined {
  try {
    return verifier.verify(token).user.sid
  } catch (error) {
    if (error instanceof LatchkeyError && error.status === 401) return undefined
    throw error
  }
}
