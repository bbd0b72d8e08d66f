import { NotFound } from '@latchkey/query'
import type { Actor } from '../audit/actor.js'
import type { Store } from '../store/store.js'
import { liveSessions } from './live-sessions.js'
import type { SessionChanges } from './session-changes.js'

/** A login as its user sees it. Moments in epoch seconds. */
export interface SessionEntry {
  readonly sid: string
  readonly client_type: number
  readonly device: string | null
  /** From where it was last refreshed, or began: the /24 or /64. */
  readonly address_prefix: string | null
  readonly created_at: number
  /** The last refresh, or the login. */
  readonly last_used_at: number
  /** When it ends unless it is refreshed before. */
  readonly expires_at: number
  /** Whether it is the one that asks. */
  readonly current: boolean
}

export interface SessionList {
  /** The live logins of a user, the newest first: at most 100. */
  list(uid: string, currentSid: string): Promise<readonly SessionEntry[]>
  /** @throws NotFound when it is no live login of this user. */
  end(uid: string, sid: string, by: Actor): Promise<void>
  /** Ends all of them, that which asks included. */
  endAll(uid: string, by: Actor): Promise<void>
  /** The uid of whose login it is. @throws NotFound when it is none, or an API key; it may have ended. */
  ownerOf(sid: string): Promise<string>
}

/** Makes the service behind `/v1/user/sessions` and `/v1/admin/sessions`. */
export function createSessionList({ store, changes }: { store: Store; changes: SessionChanges }): SessionList {
  function readLive(uid: string) {
    return liveSessions(store.db, Number(uid), 'login', store.now())
      .select(['sid', 'client_type', 'device', 'address_prefix', 'created_at', 'last_refresh_at', 'idle_until'])
      .execute()
  }

  return Object.freeze({
    async list(uid: string, currentSid: string) {
      const rows = await readLive(uid)
      return rows.map(({ last_refresh_at, idle_until, ...row }) => ({
        ...row,
        last_used_at: last_refresh_at ?? row.created_at,
        expires_at: idle_until,
        current: row.sid === currentSid,
      }))
    },
    async end(uid: string, sid: string, by: Actor) {
      if (!(await readLive(uid)).some((row) => row.sid === sid)) throw noSession()
      const ended = await changes.transaction((_, change) =>
        change({ event: 'logout', uid: Number(uid), now: store.now(), sids: [sid], by }),
      )
      // Somebody else ended it meanwhile.
      if (ended === 0) throw noSession()
    },
    async endAll(uid: string, by: Actor) {
      await changes.transaction((_, change) => change({ event: 'logout_all', uid: Number(uid), now: store.now(), by }))
    },
    async ownerOf(sid: string) {
      // PostgreSQL takes no text with a NUL.
      if (!sidSyntax.test(sid)) throw noSession()
      const row = await store.db
        .selectFrom('sessions')
        .select('uid')
        .where('sid', '=', sid)
        .where('kind', '=', 'login')
        .executeTakeFirst()
      if (row === undefined) throw noSession()
      return String(row.uid)
    },
  })
}

const sidSyntax = /^[\w-]{22}$/

function noSession(): NotFound {
  return new NotFound('there is no such session')
}
