/** What a login leaves in the database, seen beside the running server. */
import { createHash, createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withDeleted } from '@latchkey/query'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../src/store/open-store.js'
import type { Store } from '../src/store/store.js'
import { ann, secret, useServer } from './server.js'
import { storeName } from './store/test-store.js'

let nowMs = Date.now()
const server = useServer({ audiences: ['orders'], clock: () => nowMs })
let store: Store
beforeAll(async () => {
  store = await openStore(server.database.storeOptions)
  await server.post('/v1/client/register', ann)
})
afterAll(() => store.close())

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
const readSession = (sid: string) =>
  store.db.selectFrom('sessions').selectAll().where('sid', '=', sid).executeTakeFirstOrThrow()
const logIn = async (more: object = {}) =>
  (await server.post('/v1/token', { account: ann.account, secret, type: 100, ...more })).json

describe('a login', () => {
  it('makes one session row, from the start as refresh will need it', async () => {
    const answer = await logIn({ scope: 'user:read', audience: ['orders'], device: "Ann's phone" })
    const claims = claimsOf(answer.token)
    const now = Math.floor(nowMs / 1000)
    const { tag_key, cur_hash, ...row } = await readSession(claims.sid)
    expect(row).toEqual({
      ...{ sid: claims.sid, uid: 1, kind: 'login', client_type: 100, gen: 0, min_gen: 0, rev: 0 },
      ...{ prev_hash: null, answer: null, answer_until: null, scope_limit: 'user:read', audience_limit: 'orders' },
      ...{ created_at: now, idle_until: now + 30 * 86_400, absolute_until: now + 90 * 86_400, access_exp: claims.exp },
      ...{ ended_at: null, end_reason: null, device: "Ann's phone", address_prefix: '127.0.0.0/24' },
      ...{ last_refresh_at: null, agent_hash: null, strange_repeats: null },
    })
    const bytes = Buffer.from(answer.refresh_token.slice(4), 'base64url')
    expect(bytes.toString('base64url', 0, 16)).toBe(claims.sid)
    expect(cur_hash).toEqual(createHash('sha256').update(answer.refresh_token).digest())
    const tag = createHmac('sha256', tag_key as Buffer)
      .update(bytes.subarray(0, 52))
      .digest()
      .subarray(0, 16)
    expect(bytes.subarray(52, 68)).toEqual(tag)
  })

  it('is a new session each time, with nothing in common but the user', async () => {
    const [one, other] = [await logIn(), await logIn()].map(({ token }) => claimsOf(token))
    for (const claim of ['sid', 'jti']) expect(one[claim]).not.toBe(other[claim])
    expect(one.sub).toBe(other.sub)
  })

  it('tells when the secret was proved, and answers the seconds that are left', async () => {
    const answer = await logIn()
    const { iat, exp, auth_time } = claimsOf(answer.token)
    expect([auth_time, exp - iat, answer.expires_in]).toEqual([iat, 7200, 7200])
  })

  it('says what is wrong with its scope before it looks at the secret, which nobody can try so', async () => {
    for (const scope of ['a b', '', 'user:read  user:write', `a:${'b'.repeat(1024)}`]) {
      const { code, msg } = await logIn({ scope, secret: 'another passphrase' })
      expect([code, Object.keys(msg)]).toEqual(['parameter_invalid', ['scope']])
    }
  })

  it('that is refused makes none', async () => {
    const count = async () => (await store.db.selectFrom('sessions').select('sid').execute()).length
    const before = await count()
    for (const wrong of [
      { secret: 'another passphrase' },
      { scope: 'a b' },
      { audience: ['nobody'] },
      { device: 'a\nb' },
    ]) {
      const { code } = await logIn(wrong)
      expect(code).toMatch(/^(?:auth_failed|parameter_invalid)$/)
    }
    expect(await count()).toBe(before)
  })
})

describe('the database', () => {
  it('holds no token, no refresh token and no password', async () => {
    const canary = { ...ann, account: 'canary@example.org', secret: 'canary passphrase 7c1f' }
    await server.post('/v1/client/register', canary)
    const answer = await logIn({ account: canary.account, secret: canary.secret })
    const random = Buffer.from(answer.refresh_token.slice(4), 'base64url').subarray(20, 52)
    const texts = [canary.secret, answer.token.split('.')[2], answer.refresh_token, random.toString('latin1')]
    const tables = await Promise.all(
      (['users', 'identities', 'sessions', 'signing_keys', 'meta'] as const).map(async (table) => {
        const rows = await store.db.selectFrom(table).selectAll().execute()
        const values = rows.flatMap((row): unknown[] => Object.values(row))
        const asText = (value: unknown) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value))
        return [table, values.map(asText).join('\n')] as const
      }),
    )
    const folder = join(server.folder, 'data')
    const names = storeName === 'SQLite' ? readdirSync(folder) : []
    const files = names.map((name) => [name, readFileSync(join(folder, name), 'latin1')] as const)
    expect(tables.filter(([, text]) => text.includes('canary@example.org'))).toHaveLength(1)
    for (const [name, text] of [...tables, ...files]) {
      for (const canaryText of texts) expect([name, text.includes(canaryText)]).toEqual([name, false])
    }
  })

  it('forgets the secret of a user who deletes itself, and ends its sessions', async () => {
    const gone = { ...ann, account: 'gone@example.org' }
    const { uid } = (await server.post('/v1/client/register', gone)).json
    const { token } = await logIn({ account: gone.account })
    expect((await server.ask('DELETE', '/v1/user', { token })).status).toBe(202)
    const session = await readSession(claimsOf(token).sid)
    expect(session).toMatchObject({ end_reason: 'delete', ended_at: Math.floor(nowMs / 1000), min_gen: 1 })
    const identity = store.db.selectFrom('identities').selectAll().where('uid', '=', Number(uid)).$call(withDeleted)
    expect(await identity.executeTakeFirst()).toMatchObject({ status: 0, secret_hash: null, secret_form: null })
  })
})

describe('a token', () => {
  it('of a role that changed still carries what it was signed with, and the next login the new scopes', async () => {
    const other = { ...ann, account: 'boss@example.org' }
    await server.post('/v1/client/register', other)
    expect(await server.run('user', 'role', other.account, 'admin')).toBe(0)
    const answer = await logIn({ account: other.account })
    expect(answer.scope).toBe('*:* *:*:any')
    expect((await server.ask('GET', '/v1/user/1', { token: answer.token })).status).toBe(200)
  })

  it('dies at its exp by the clock of the server, and not before', async () => {
    const { token } = await logIn()
    const { exp } = claimsOf(token)
    const began = nowMs
    nowMs = exp * 1000 - 1
    expect((await server.ask('GET', '/v1/user', { token })).status).toBe(200)
    nowMs = exp * 1000
    const { status, json } = await server.ask('GET', '/v1/user', { token })
    expect([status, json.code, json.error_code]).toEqual([401, 'token_expired', 1003])
    nowMs = began
  })
})
