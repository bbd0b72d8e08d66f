/** The schedules that break simpler rules than PROTOCOL sections 2 to 4, forced one statement at a time. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Roles } from 'latchkey'
import { createVerifier } from 'latchkey/token'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createApiKeys } from '../../src/api-keys/api-keys.js'
import { exchangeApiKey } from '../../src/api-keys/exchange-api-key.js'
import { userActor } from '../../src/audit/actor.js'
import { readConfig } from '../../src/config.js'
import { issueForUser } from '../../src/create-latchkey/issue-for-user.js'
import { type OpenAccounts, openAccounts } from '../../src/create-latchkey/open-accounts.js'
import { openTokens } from '../../src/create-latchkey/open-tokens.js'
import { beginSession } from '../../src/sessions/begin-session.js'
import type { SessionChange } from '../../src/sessions/change-sessions.js'
import type { AccessTokenIssuer } from '../../src/sessions/issue-access-token.js'
import { createRefresh } from '../../src/sessions/refresh.js'
import { makeTagKey } from '../../src/sessions/refresh-token.js'
import { createRevoke, type Revoke } from '../../src/sessions/revoke.js'
import { createSessionChanges } from '../../src/sessions/session-changes.js'
import type { TokenAnswer } from '../../src/sessions/token-pair.js'
import type { Store } from '../../src/store/store.js'
import { createTestDatabase } from './test-store.js'

let folder: string
let parts: OpenAccounts
/** Another node on the same database. */
let other: OpenAccounts
let uid: string
let tokens: AccessTokenIssuer
let roles: Roles
let issue: () => Promise<TokenAnswer>
let refreshOn: (store: Store, refresh_token: string) => Promise<TokenAnswer>
let revokeOn: (store: Store) => Revoke
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-schedules-'))
  const database = await createTestDatabase(folder)
  const config = await readConfig({ argument: database.config, environment: {}, folder })
  parts = await openAccounts(config)
  other = await openAccounts(config)
  const { signingKeys, ...opened } = await openTokens(parts.store, config)
  tokens = opened.tokens
  roles = config.roles
  const user = { nickname: 'ann', role: 'user', created_at: 1, disabled_at: null }
  const added = await parts.store.transaction((t) =>
    t.insertInto('users').values(user).returning('uid').executeTakeFirstOrThrow(),
  )
  uid = String(added.uid)
  issue = () => issueForUser(parts, config, uid, {})
  refreshOn = async (store, refresh_token) => {
    const refresh = createRefresh({ store, changes: parts.changes, roles, tokens })
    return JSON.parse(await refresh({ refresh_token }, {}))
  }
  const { revocations } = parts
  const verifier = createVerifier({ keys: signingKeys.verifyKeys(), issuer: config.issuer, audience: config.issuer })
  revokeOn = (store) => createRevoke({ store, changes: createSessionChanges({ store, revocations }), verifier })
})
afterEach(async () => {
  await parts.store.close()
  await other.store.close()
  rmSync(folder, { recursive: true })
})

/** A store whose next transaction begins only after `first` is done: whatever was read before it is old by then. */
function delayed(first: () => Promise<unknown>): Store {
  let isFirst = true
  return {
    ...parts.store,
    async transaction(work) {
      if (isFirst) {
        isFirst = false
        await first()
      }
      return parts.store.transaction(work)
    },
  }
}

const claimsOf = ({ token }: Pick<TokenAnswer, 'token'>) =>
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
const sessionOf = (answer: TokenAnswer) =>
  parts.store.db.selectFrom('sessions').selectAll().where('sid', '=', claimsOf(answer).sid).executeTakeFirstOrThrow()
const liveSessions = () => parts.store.db.selectFrom('sessions').select('sid').where('ended_at', 'is', null).execute()

describe('a refresh that read the session before', () => {
  it('the role changed signs the new role, in a generation that is not refused', async () => {
    const before = await issue()
    const next = await refreshOn(
      delayed(() => other.accounts.setRole(uid, 'admin')),
      before.refresh_token,
    )
    expect(next.scope).toBe('*:* *:*:any')
    const { gen, min_gen } = await sessionOf(before)
    expect(claimsOf(next).gen).toBe(gen)
    expect(gen).toBeGreaterThanOrEqual(min_gen)
  })

  it('the role changed there and back signs a generation that is not refused either', async () => {
    const before = await issue()
    const thereAndBack = async () => {
      await other.accounts.setRole(uid, 'admin')
      await other.accounts.setRole(uid, 'user')
    }
    const next = await refreshOn(delayed(thereAndBack), before.refresh_token)
    expect(next.scope).toBe('user:read user:write')
    expect(claimsOf(next).gen).toBeGreaterThanOrEqual((await sessionOf(before)).min_gen)
  })

  it('another refresh of the same token was quicker gets that one’s answer', async () => {
    const before = await issue()
    let quicker: TokenAnswer | undefined
    const race = async () => {
      quicker = await refreshOn(other.store, before.refresh_token)
    }
    expect(await refreshOn(delayed(race), before.refresh_token)).toEqual(quicker)
    expect((await sessionOf(before)).gen).toBe(1)
  })

  it.each([
    ['its user was disabled', () => other.accounts.disable(uid)],
    ['its user was deleted', () => other.accounts.remove(uid)],
    [
      'it was logged out',
      () => other.changes.transaction((_, change) => change({ event: 'logout_all', uid: Number(uid), now: 1 })),
    ],
  ])('%s is refused, and nothing lives on', async (_, end) => {
    const before = await issue()
    const work = refreshOn(delayed(end), before.refresh_token)
    await expect(work).rejects.toMatchObject({ code: 'refresh_invalid' })
    expect(await liveSessions()).toEqual([])
    expect((await sessionOf(before)).gen).toBe(0)
  })
})

/** A change of the user on the other node, stopped before its commit until `commit`. */
async function holdChange(what: Pick<SessionChange, 'event' | 'user'>): Promise<{ commit(): Promise<void> }> {
  let end = () => {}
  let changed = () => {}
  const isChanged = new Promise<void>((resolve) => {
    changed = resolve
  })
  const changing = other.changes.transaction(async (_, change) => {
    await change({ ...what, uid: Number(uid), now: 1 })
    changed()
    await new Promise<void>((resolve) => {
      end = resolve
    })
  })
  await isChanged
  return {
    commit() {
      end()
      return changing
    },
  }
}
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => error.code,
  )
const disabled = { event: 'disable', user: { disabled_at: 1 } } as const
const promoted = { event: 'role', user: { role: 'admin' } } as const
const givenSecret = { event: 'secret' } as const

/** A login whose secret was verified a while ago, stopped between its insert and its commit until `end`. */
function startLogin(epoch: number) {
  let end = () => {}
  let inserted = () => {}
  const isInserted = new Promise<void>((resolve) => {
    inserted = resolve
  })
  const sid = Buffer.from(String(Math.random()).padEnd(16, '0').slice(0, 16)).toString('base64url')
  const session = {
    ...{ sid, kind: 'login' as const, client_type: 100, gen: 0, min_gen: 0, rev: 0, tag_key: makeTagKey() },
    ...{ access_exp: 9, created_at: 1, idle_until: 9e9, absolute_until: 9e9 },
  }
  const done = parts.changes.transaction(async (transaction, change) => {
    await beginSession(transaction, change, { uid: Number(uid), role: 'user', epoch }, session, userActor(uid, {}))
    inserted()
    await new Promise<void>((resolve) => {
      end = resolve
    })
  })
  return { sid, isInserted, done, end: () => end() }
}

describe('a login', () => {
  it.each([
    ['disabled', () => other.accounts.disable(uid)],
    ['deleted', () => other.accounts.remove(uid)],
  ])('whose user is %s before it commits is ended with the others', async (_, end) => {
    const login = startLogin(1)
    await login.isInserted
    const ended = end()
    await new Promise((resolve) => setTimeout(resolve, 100))
    login.end()
    await Promise.all([login.done, ended])
    expect(await liveSessions()).toEqual([])
    const feed = await parts.store.db.selectFrom('revocations').select(['id', 'min']).execute()
    expect(feed).toEqual([{ id: login.sid, min: 2 ** 31 - 1 }])
  })

  it('whose user gets another role before it commits has its tokens refused', async () => {
    const login = startLogin(1)
    await login.isInserted
    const changed = other.accounts.setRole(uid, 'admin')
    await new Promise((resolve) => setTimeout(resolve, 100))
    login.end()
    await Promise.all([login.done, changed])
    const row = await parts.store.db.selectFrom('sessions').select('min_gen').executeTakeFirstOrThrow()
    expect(row.min_gen).toBe(1)
  })

  it.each([
    ['disabled', disabled],
    ['given another role', promoted],
    ['given another secret', givenSecret],
  ])(
    'that verified the secret before its user was %s begins no session, though it waited for the commit',
    async (_, what) => {
      const { commit } = await holdChange(what)
      const login = startLogin(1)
      const refused = outcome(login.done)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await commit()
      expect(await refused).toBe('auth_failed')
      expect(await liveSessions()).toEqual([])
    },
  )
})

describe('an API key', () => {
  const keysOf = (of: typeof parts) => createApiKeys({ store: of.store, changes: of.changes, roles })
  const maker = (pair: TokenAnswer) => ({ uid, sid: claimsOf(pair).sid, scopes: ['user:read', 'user:write'] })

  it.each([
    ['disabled', disabled],
    ['given another secret', givenSecret],
  ])('is not made by a login that ends since its user is %s, though it waited for the commit', async (_, what) => {
    const login = await issue()
    const { commit } = await holdChange(what)
    const refused = outcome(keysOf(parts).create(maker(login), { name: 'late' }, {}))
    await new Promise((resolve) => setTimeout(resolve, 100))
    await commit()
    expect(await refused).toBe('token_revoked')
    expect(await liveSessions()).toEqual([])
  })

  it('that is exchanged while its owner gets another role has the new scopes, or a token that is refused', async () => {
    const made = await keysOf(parts).create(maker(await issue()), { name: 'busy' }, {})
    const { commit } = await holdChange(promoted)
    const exchanging = exchangeApiKey({ store: parts.store, roles, tokens }, made.id, {})
    await new Promise((resolve) => setTimeout(resolve, 100))
    await commit()
    const { scope, token } = await exchanging
    const { min_gen } = await parts.store.db
      .selectFrom('sessions')
      .select('min_gen')
      .where('sid', '=', made.id)
      .executeTakeFirstOrThrow()
    expect([scope, claimsOf({ token }).gen >= min_gen]).toEqual(['*:* *:*:any', true])
  })

  it('whose token is revoked twice at once keeps what it got after the first, which alone is told', async () => {
    const made = await keysOf(parts).create(maker(await issue()), { name: 'busy' }, {})
    const exchange = () => exchangeApiKey({ store: parts.store, roles, tokens }, made.id, {})
    const minGen = async () =>
      (await parts.store.db.selectFrom('sessions').select('min_gen').where('sid', '=', made.id).executeTakeFirst())
        ?.min_gen
    const { token } = await exchange()
    let next = token
    const quicker = async () => {
      await revokeOn(parts.store)(token, {})
      next = (await exchange()).token
    }
    await revokeOn(delayed(quicker))(token, {})
    expect(claimsOf({ token }).gen).toBeLessThan((await minGen()) as number)
    expect(claimsOf({ token: next }).gen).toBe(await minGen())
    const told = parts.store.db.selectFrom('audit_events').select('event').where('event', '=', 'api_key_tokens')
    expect(await told.execute()).toHaveLength(1)
  })
})

it('a refresh that waits for the lock of a role change is not signed with the old role', async () => {
  const before = await issue()
  const { commit } = await holdChange(promoted)
  const refreshing = refreshOn(parts.store, before.refresh_token)
  await new Promise((resolve) => setTimeout(resolve, 100))
  await commit()
  const next = await refreshing
  expect(next.scope).toBe('*:* *:*:any')
  expect(claimsOf(next).gen).toBeGreaterThanOrEqual((await sessionOf(before)).min_gen)
})
