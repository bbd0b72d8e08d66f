import { getOr404, NotFound } from '@latchkey/query'
import { LatchkeyError, type Roles } from 'latchkey'
import { userActor } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import { apiKeyType } from '../client-types/client-type.js'
import { refuseFaults } from '../client-types/refuse-faults.js'
import { labelReasons } from '../sessions/label.js'
import { liveSessions } from '../sessions/live-sessions.js'
import type { Caller } from '../sessions/refresh.js'
import type { SessionChanges } from '../sessions/session-changes.js'
import { grantScopes, scopeReasons } from '../sessions/token-request.js'
import type { Store, Writing } from '../store/store.js'
import { makeApiKey } from './api-key.js'

/** How many live keys a user has at most. */
const keyCap = 100
const defaultLifeSeconds = 365 * 24 * 3600
const leastLifeSeconds = 60
const greatestLifeSeconds = 10 * 365 * 24 * 3600

export interface ApiKeyForm {
  /** A label for the list, 1 to 64 characters. */
  readonly name: string
  /** Scopes with one space between: cuts what the key's tokens may do. Default: whatever the token that asks may do. */
  readonly scope?: string | undefined
  /** 60 to 315,360,000 (10 years), default 31,536,000 (a year). */
  readonly expires_in?: number | undefined
}

/** A key as its owner sees it. Moments in epoch seconds. */
export interface ApiKeyEntry {
  readonly id: string
  readonly name: string
  /** What its next token may do. */
  readonly scope: string
  readonly created_at: number
  readonly expires_at: number
  /** Its last exchange; null: none yet. */
  readonly last_used_at: number | null
  /** From where it was last exchanged: the /24 or /64. */
  readonly address_prefix: string | null
}

export interface NewApiKeyEntry extends ApiKeyEntry {
  /** The key itself: told once, and stored nowhere. */
  readonly key: string
}

/** Who asks, by an access token of a login. */
export interface KeyMaker {
  readonly uid: string
  readonly sid: string
  readonly scopes: readonly string[]
}

export interface ApiKeys {
  /** The live keys of a user, the newest first: at most 100. */
  list(uid: string): Promise<readonly ApiKeyEntry[]>
  /**
   * Makes a key that may do no more than the token that asks, now and later.
   * @throws LatchkeyError `parameter_invalid`; `forbidden` past 100 keys; `token_revoked` when the login has ended meanwhile.
   */
  create(maker: KeyMaker, form: ApiKeyForm, caller: Caller): Promise<NewApiKeyEntry>
  /** Ends a key and refuses its tokens. @throws NotFound when it is no live key of this user. */
  end(uid: string, id: string, caller: Caller): Promise<void>
}

/** Makes the service behind `/v1/user/api-keys`. A key is a session of kind `key`: its hash and its scopes, no refresh token. */
export function createApiKeys(parts: { store: Store; changes: SessionChanges; roles: Roles }): ApiKeys {
  const { store, changes, roles } = parts

  async function list(uid: string): Promise<readonly ApiKeyEntry[]> {
    const { role } = await getOr404(store.db, 'users', { uid: Number(uid) })
    const rows = await liveKeys(store.db, Number(uid), store.now())
    return rows.map(({ scope_limit, name, ...row }) => ({
      ...{ id: row.sid, name: name ?? '', scope: grantScopes(roles, role, scope_limit ?? undefined).join(' ') },
      ...{ created_at: row.created_at, expires_at: row.absolute_until },
      ...{ last_used_at: row.last_refresh_at, address_prefix: row.address_prefix },
    }))
  }

  async function create(maker: KeyMaker, form: ApiKeyForm, caller: Caller): Promise<NewApiKeyEntry> {
    checkForm(form)
    const uid = Number(maker.uid)
    const { id, key, hash } = makeApiKey()
    return store.transaction(async (transaction) => {
      const now = store.now()
      const { role, ...login } = await lockLogin(transaction, uid, maker.sid)
      if ((await liveKeys(transaction, uid, now)).length >= keyCap) {
        throw new LatchkeyError('forbidden', { detail: `A user has at most ${keyCap} API keys`, challenge: null })
      }
      const limit = narrowest(roles, role, form.scope, login.scope_limit, maker.scopes)
      const expiresAt = now + (form.expires_in ?? defaultLifeSeconds)
      await transaction
        .insertInto('sessions')
        .values({
          ...{ sid: id, uid, kind: 'key', client_type: apiKeyType, gen: 0, min_gen: 0, rev: 0, cur_hash: hash },
          ...{ scope_limit: limit ?? null, audience_limit: login.audience_limit, device: form.name },
          ...{ created_at: now, idle_until: expiresAt, absolute_until: expiresAt, access_exp: 0 },
        })
        .execute()
      const event = { at: now, event: 'api_key_made', outcome: 'done', by: userActor(uid, caller) } as const
      await writeAuditEvent(transaction, { ...event, uid, sid: id, detail: form.name })
      return {
        ...{ id, key, name: form.name, scope: grantScopes(roles, role, limit).join(' ') },
        ...{ created_at: now, expires_at: expiresAt, last_used_at: null, address_prefix: null },
      }
    })
  }

  async function end(uid: string, id: string, caller: Caller): Promise<void> {
    const now = store.now()
    const rows = await liveKeys(store.db, Number(uid), now)
    if (!rows.some(({ sid }) => sid === id)) throw noKey()
    const ended = await changes.transaction((_, change) =>
      change({ event: 'api_key_ended', uid: Number(uid), now, sids: [id], by: userActor(uid, caller) }),
    )
    // Somebody else ended it meanwhile.
    if (ended === 0) throw noKey()
  }

  return Object.freeze({ list, create, end })
}

function noKey(): NotFound {
  return new NotFound('there is no such API key')
}

function liveKeys(db: Store['db'], uid: number, now: number) {
  return liveSessions(db, uid, 'key', now)
    .select(['sid', 'device as name', 'scope_limit', 'created_at', 'absolute_until'])
    .select(['last_refresh_at', 'address_prefix'])
    .execute()
}

/**
 * Locks the user, so that whatever ends its logins comes before or after as a whole, and then looks whether this one is live.
 * Else a key made at the moment of a new password, with a stolen token, would outlive it.
 */
async function lockLogin(transaction: Writing, uid: number, sid: string) {
  const user = await transaction
    .selectFrom('users')
    .select('role')
    .where('uid', '=', uid)
    .where('disabled_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst()
  const login = await transaction
    .selectFrom('sessions')
    .select(['scope_limit', 'audience_limit'])
    .where('sid', '=', sid)
    .where('uid', '=', uid)
    .where('kind', '=', 'login')
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  if (user === undefined || login === undefined) throw new LatchkeyError('token_revoked')
  return { ...user, ...login }
}

/**
 * The scopes that cut a key: those asked for, those that the login was cut to, and those of a token that carries less than its
 * role grants. None of them: what the role grants, now and later.
 */
function narrowest(
  roles: Roles,
  role: string,
  asked: string | undefined,
  ofLogin: string | null,
  ofToken: readonly string[],
): string | undefined {
  const carried = ofToken.filter((scope) => !scope.startsWith('!')).join(' ')
  const isWhole = grantScopes(roles, role, ofLogin ?? undefined).every((scope) => ofToken.includes(scope))
  const limits = [asked, ofLogin ?? undefined, isWhole ? undefined : carried].filter((limit) => limit !== undefined)
  const granted = limits.includes('')
    ? []
    : grantScopes(roles, role, ...limits).filter((scope) => !scope.startsWith('!'))
  if (limits.length > 0 && granted.length === 0) {
    throw new LatchkeyError('parameter_invalid', { msg: { scope: ['must hold a scope that your own token has'] } })
  }
  return limits.length > 1 ? granted.join(' ') : limits[0]
}

function checkForm({ name, scope, expires_in }: ApiKeyForm): void {
  const life = expires_in ?? defaultLifeSeconds
  refuseFaults({
    name: name === '' ? ['must not be empty'] : labelReasons(name),
    scope: scopeReasons(scope),
    expires_in:
      life >= leastLifeSeconds && life <= greatestLifeSeconds
        ? []
        : [`must be a number of seconds from ${leastLifeSeconds} to ${greatestLifeSeconds}`],
  })
}
