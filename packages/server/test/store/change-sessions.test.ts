/** What begins, lowers and ends sessions, on rows: PROTOCOL sections 2 and 4. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRevocationList } from 'latchkey/token'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { userActor } from '../../src/audit/actor.js'
import { beginSession } from '../../src/sessions/begin-session.js'
import { changeSessions, type SessionChange } from '../../src/sessions/change-sessions.js'
import { endAllSessions } from '../../src/sessions/end-all-sessions.js'
import { createSessionChanges, type SessionChanges } from '../../src/sessions/session-changes.js'
import type { NewSession } from '../../src/store/schema.js'
import type { Store } from '../../src/store/store.js'
import { openTestStore } from './test-store.js'

let folder: string
let store: Store
let uid: number
let changes: SessionChanges
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-sessions-'))
  store = await openTestStore(folder)
  changes = createSessionChanges({ store, revocations: createRevocationList() })
  uid = await addUser()
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const now = 1_000_000
const newSid = () => randomBytes(16).toString('base64url')

async function addUser(): Promise<number> {
  const user = { nickname: 'ann', role: 'user', created_at: now, disabled_at: null }
  const added = await store.transaction((t) =>
    t.insertInto('users').values(user).returning('uid').executeTakeFirstOrThrow(),
  )
  return added.uid
}

const session = (values: Partial<NewSession> = {}): Omit<NewSession, 'uid'> => ({
  ...{ sid: newSid(), kind: 'login', client_type: 100, gen: 0, min_gen: 0, rev: 0, access_exp: now + 7200 },
  ...{ created_at: now, idle_until: now + 100, absolute_until: now + 200, answer: Buffer.from('sealed') },
  ...values,
})

function begin(values: Partial<NewSession> = {}, epoch = 1, of = uid): Promise<void> {
  const by = userActor(of, {})
  return changes.transaction((t, change) =>
    beginSession(t, change, { uid: of, role: 'user', epoch }, session(values), by),
  )
}

const change = (one: Omit<SessionChange, 'uid' | 'now'>) =>
  store.transaction((t) => changeSessions(t, { uid, now: now + 1, ...one }))

const rows = () => store.db.selectFrom('sessions').selectAll().orderBy('created_at').orderBy('sid').execute()
const live = async () => (await rows()).filter(({ ended_at }) => ended_at === null)
const readUser = () => store.db.selectFrom('users').selectAll().where('uid', '=', uid).executeTakeFirst()

describe('a session begins', () => {
  const refused = (work: Promise<void>) => expect(work).rejects.toMatchObject({ code: 'auth_failed', errorCode: 1005 })

  it('for a user who is as the secret was verified against', async () => {
    await begin()
    expect(await rows()).toMatchObject([{ uid, kind: 'login', gen: 0, rev: 0, ended_at: null }])
  })

  it('for no user whose role, secret or status has changed since: its epoch has', async () => {
    await change({ event: 'role', user: { role: 'admin' } })
    await refused(begin({}, 1))
    await begin({}, 2)
    expect(await rows()).toHaveLength(1)
  })

  it('for no user who is deleted, disabled, or was never there', async () => {
    await refused(begin({}, 1, 999))
    await change({ event: 'disable', user: { disabled_at: now } })
    await refused(begin({}, 2))
    await change({ event: 'delete', user: { status: 0 } })
    await refused(begin({}, 3))
    expect(await rows()).toEqual([])
  })

  it('at the end of the oldest past a hundred, never of the new one; keys and others do not count', async () => {
    const other = await addUser()
    await begin({ created_at: 1 }, 1, other)
    await begin({ created_at: 2, kind: 'key' })
    for (let i = 0; i < 100; i++) await begin({ created_at: 10 + i })
    expect(await live()).toHaveLength(102)
    const sid = newSid()
    // A clock that stepped back makes it the oldest by its time.
    await begin({ created_at: 3, sid })
    const ended = (await rows()).filter(({ ended_at }) => ended_at !== null)
    expect(ended).toMatchObject([{ created_at: 10, end_reason: 'eviction', min_gen: 1, rev: 1, answer: null }])
    expect((await live()).map((row) => row.sid)).toContain(sid)
    expect(await live()).toHaveLength(102)
  })
})

describe('an event', () => {
  let sids: Record<'login' | 'key', string>
  beforeEach(async () => {
    sids = { login: newSid(), key: newSid() }
    await begin({ sid: sids.login, gen: 4, min_gen: 2 })
    await begin({ sid: sids.key, kind: 'key', created_at: now + 1 })
    await begin({}, 1, await addUser())
  })

  it.each([
    ['logout', undefined, ['end', 'keep']],
    ['logout_all', undefined, ['end', 'keep']],
    ['theft', undefined, ['end', 'keep']],
    ['eviction', undefined, ['end', 'keep']],
    ['secret', {}, ['end', 'keep']],
    ['secret_and_keys', {}, ['end', 'end']],
    ['new_pair', undefined, ['lower', 'keep']],
    ['disable', { disabled_at: now }, ['end', 'end']],
    ['delete', { status: 0 }, ['end', 'end']],
    ['role', { role: 'admin' }, ['lower', 'lower']],
    ['enable', { disabled_at: null }, ['keep', 'keep']],
  ] as const)(
    '%s changes the user and its sessions, those of nobody else, and the feed',
    async (event, user, effects) => {
      const rowsOfFeed = await change({ event, ...(user && { user }) })
      const byId = new Map((await rows()).map((row) => [row.sid, row]))
      for (const [kind, effect] of [
        ['login', effects[0]],
        ['key', effects[1]],
      ] as const) {
        const row = byId.get(sids[kind])
        const gen = kind === 'login' ? 4 : 0
        const kept = effect === 'keep'
        expect(row).toMatchObject({
          ...{ gen, min_gen: kept ? (kind === 'login' ? 2 : 0) : gen + 1, rev: kept ? 0 : 1 },
          ...(effect === 'end'
            ? { ended_at: now + 1, end_reason: event, answer: null }
            : { ended_at: null, end_reason: null, answer: Buffer.from('sealed') }),
        })
        const told = rowsOfFeed.find(({ id }) => id === sids[kind])
        const min = effect === 'end' ? 2 ** 31 - 1 : gen + 1
        expect(told).toEqual(kept ? undefined : { kind: 's', id: sids[kind], min, expires_at: now + 7200 + 3900 })
      }
      expect(rowsOfFeed).toHaveLength(effects.filter((effect) => effect !== 'keep').length)
      const written = await store.db.selectFrom('revocations').select(['kind', 'id', 'min', 'expires_at']).execute()
      expect(written).toHaveLength(rowsOfFeed.length)
      expect(written).toEqual(expect.arrayContaining([...rowsOfFeed]))
      const log = await store.db.selectFrom('audit_events').select(['event', 'uid', 'at']).orderBy('id').execute()
      // Part of a new secret, which has an event of its own.
      if (event !== 'new_pair') expect(log.at(-1)).toEqual({ event, uid, at: now + 1 })
      const changed = await readUser()
      if (event === 'delete') expect(changed).toBeUndefined()
      else expect(changed).toMatchObject({ epoch: user === undefined ? 1 : 2, ...user })
    },
  )

  it('may concern some sessions alone, or all but one', async () => {
    const other = newSid()
    await begin({ sid: other })
    await change({ event: 'logout_all', except: sids.login })
    expect((await live()).map(({ sid }) => sid)).toContain(sids.login)
    expect((await live()).map(({ sid }) => sid)).not.toContain(other)
    await change({ event: 'logout', sids: [sids.login] })
    expect((await live()).map(({ sid }) => sid)).not.toContain(sids.login)
  })

  it('twice lowers no further than once, unless the session issued in between', async () => {
    await change({ event: 'role', user: { role: 'admin' } })
    await change({ event: 'role', user: { role: 'user' } })
    const row = (await live()).find(({ sid }) => sid === sids.login)
    expect(row).toMatchObject({ gen: 4, min_gen: 5, rev: 2 })
    expect((await readUser())?.epoch).toBe(3)
  })

  it('touches no session that is over', async () => {
    await change({ event: 'disable', user: { disabled_at: now } })
    const before = await rows()
    expect(await change({ event: 'role', user: { role: 'admin' } })).toEqual([])
    expect(await rows()).toEqual(before)
  })

  it('that several ask for at once is told once', async () => {
    const found = await Promise.all(Array.from({ length: 4 }, () => change({ event: 'logout', sids: [sids.login] })))
    expect(found.map((of) => of.length).sort()).toEqual([0, 0, 0, 1])
    const told = store.db.selectFrom('audit_events').select('sid').where('event', '=', 'logout').execute()
    expect(await told).toEqual([{ sid: sids.login }])
  })

  it('of a user who is not there is not found, and changes nothing', async () => {
    const before = await rows()
    const work = store.transaction((t) => changeSessions(t, { event: 'disable', uid: 999, now, user: {} }))
    await expect(work).rejects.toMatchObject({ name: 'NotFound', status: 404 })
    expect(await rows()).toEqual(before)
  })

  it('is undone as a whole with its transaction', async () => {
    const before = await rows()
    const work = store.transaction(async (t) => {
      await changeSessions(t, { event: 'delete', uid, now, user: { status: 0 } })
      throw new Error('the connection is gone')
    })
    await expect(work).rejects.toThrow('the connection is gone')
    expect(await rows()).toEqual(before)
    expect(await readUser()).toMatchObject({ epoch: 1, status: 1 })
  })
})

describe('all sessions there are, more than one statement takes,', () => {
  it.each([9_999, 10_000, 10_001, 20_001])('%i of them, end once, with their stored answers', async (count) => {
    const over = { ended_at: now - 5, end_reason: 'logout' }
    const ended = session({ ...over, sid: '-'.repeat(22) })
    const values = [ended, ...Array.from({ length: count - 1 }, () => session({ rev: 3, answer_until: now + 30 }))]
    for (let at = 0; at < count; at += 1_000) {
      const some = values.slice(at, at + 1_000).map((one) => ({ uid, ...one }))
      await store.transaction((t) => t.insertInto('sessions').values(some).execute())
    }
    await store.transaction((t) => endAllSessions(t, 'restored', now + 7))
    const all = await rows()
    expect(all).toHaveLength(count)
    const [before] = all.filter(({ sid }) => sid === ended.sid)
    expect(before).toMatchObject({ ...over, rev: 0 })
    const as = ({ ended_at, end_reason, answer, answer_until, rev }: (typeof all)[number]) =>
      JSON.stringify({ ended_at, end_reason, answer, answer_until, rev })
    expect([...new Set(all.filter((one) => one !== before).map(as))]).toEqual([
      JSON.stringify({ ended_at: now + 7, end_reason: 'restored', answer: null, answer_until: null, rev: 4 }),
    ])
  })
})
