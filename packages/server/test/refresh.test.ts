/** Refresh as PROTOCOL section 3 has it: once, never lost, and never for a thief. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../src/store/open-store.js'
import type { Store } from '../src/store/store.js'
import { ann, ask, postJson, secret, startNode, useServer } from './server.js'

let nowMs = Date.now()
const server = useServer({ audiences: ['orders'], trustedProxies: 1, clock: () => nowMs })
let store: Store
beforeAll(async () => {
  store = await openStore({ ...server.database.storeOptions, clock: () => nowMs })
  await server.post('/v1/client/register', ann)
})
afterAll(() => store.close())

interface Pair {
  readonly token: string
  readonly refresh_token: string
}
let pair: Pair
const logIn = async (more: object = {}): Promise<Pair> =>
  (await server.post('/v1/token', { account: ann.account, secret, type: 100, ...more })).json
beforeEach(async () => {
  pair = await logIn()
})

const refresh = (refresh_token: string, more: object = {}, headers: Record<string, string> = {}) =>
  ask(server.url, 'POST', '/v1/token/refresh', {
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ refresh_token, ...more }),
  })
const claimsOf = ({ token }: Pair) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
const sessionOf = (of: Pair) =>
  store.db.selectFrom('sessions').selectAll().where('sid', '=', claimsOf(of).sid).executeTakeFirstOrThrow()
/** Of the session, the newest first. */
async function eventsOf(of: Pair) {
  const { sid } = claimsOf(of)
  const rows = await store.db
    .selectFrom('audit_events')
    .select(['event', 'detail'])
    .where('sid', '=', sid)
    .orderBy('id', 'desc')
    .execute()
  return rows.map(({ event, detail }) => (detail === null ? event : `${event}: ${detail}`))
}
const statusOf = async (of: Pair) => (await server.ask('GET', '/v1/user', { token: of.token })).status
const invalid = async (token: string) => {
  const { status, json, headers } = await refresh(token)
  expect([status, json.code, json.error_code, headers.get('www-authenticate')]).toEqual([
    ...[401, 'refresh_invalid', 1009],
    'Bearer realm="latchkey"',
  ])
}

describe('a refresh', () => {
  it('answers the next pair of the same session, and both access tokens live on', async () => {
    const { status, json, headers } = await refresh(pair.refresh_token)
    expect(status).toBe(201)
    expect(Object.keys(json)).toEqual([
      ...['token', 'token_type', 'expires_in', 'refresh_token', 'refresh_expires_in', 'scope', 'uid'],
    ])
    expect(headers.get('cache-control')).toBe('no-store')
    const [before, after] = [claimsOf(pair), claimsOf(json)]
    expect([after.sid, after.gen, after.auth_time]).toEqual([before.sid, 1, before.auth_time])
    expect(after.jti).not.toBe(before.jti)
    expect([await statusOf(pair), await statusOf(json)]).toEqual([200, 200])
    expect(await sessionOf(json)).toMatchObject({
      gen: 1,
      rev: 1,
      ended_at: null,
      last_refresh_at: Math.floor(nowMs / 1000),
    })
  })

  it('goes on from pair to pair', async () => {
    let last = pair
    for (let gen = 1; gen <= 5; gen++) {
      last = (await refresh(last.refresh_token)).json
      expect(claimsOf(last).gen).toBe(gen)
    }
  })

  it('of one token by fifty at once is one generation, and the same bytes for all', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(pair.refresh_token)))
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([201])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect((await sessionOf(pair)).gen).toBe(1)
    expect((await refresh(answers[0]?.json.refresh_token)).status).toBe(201)
  })

  it('carries the scopes of the role as it is now, cut as at the login and as asked, never more', async () => {
    const narrow = await logIn({ scope: 'user:read', audience: ['orders'] })
    const next = (await refresh(narrow.refresh_token)).json
    expect([next.scope, claimsOf(next).aud]).toEqual(['user:read', ['orders']])
    expect((await refresh(next.refresh_token, { scope: '*:*' })).json.scope).toBe('user:read')
    const wide = (await refresh(pair.refresh_token, { scope: 'user:write admin:all' })).json
    expect(wide.scope).toBe('user:write')
    expect(await eventsOf(wide)).toEqual(['refresh_scopes: cut as the refresh asked', 'login'])
    expect((await refresh(wide.refresh_token)).json.scope).toBe('user:read user:write')
  })

  it('on a node that has an audience no more leaves it out, and never makes a token good for others', async () => {
    const some = await logIn({ audience: ['orders', 'http://localhost:4000'] })
    const alone = await logIn({ audience: ['orders'] })
    const node = await startNode(server.database, { clock: () => nowMs })
    const refreshThere = async ({ refresh_token }: Pair) =>
      claimsOf((await postJson(node.url, '/v1/token/refresh', { refresh_token })).json).aud
    expect([await refreshThere(some), await refreshThere(alone)]).toEqual([['http://localhost:4000'], ['orders']])
    await node.close()
  })

  it.each(['', 'user', 'user:read  user:write'])(
    'that asks for the scope %j is refused, and changes nothing',
    async (scope) => {
      const { status, json } = await refresh(pair.refresh_token, { scope })
      expect([status, json.code, json.msg]).toEqual([
        ...[400, 'parameter_invalid'],
        { scope: ['must be scopes such as user:read with one space between, 1024 characters at most'] },
      ])
      expect(await sessionOf(pair)).toMatchObject({ gen: 0, rev: 0 })
    },
  )

  it.each(['', 'x', 'lkr_', `lkr_${'A'.repeat(96)}`, `lkk_${'A'.repeat(96)}`])('of %j is refused', async (token) => {
    await invalid(token)
  })

  it('of an access token, or of a token that somebody invented for the session, is refused and changes nothing', async () => {
    await invalid(pair.token.slice(0, 256))
    const { makeRefreshToken, makeTagKey } = await import('../src/sessions/refresh-token.js')
    await invalid(makeRefreshToken({ sid: claimsOf(pair).sid, gen: 0, tagKey: makeTagKey() }).token)
    expect(await sessionOf(pair)).toMatchObject({ gen: 0, rev: 0, ended_at: null })
  })
})

describe('a lost answer', () => {
  it('is repeated byte for byte for 30 seconds, from the same place and program', async () => {
    const first = await refresh(pair.refresh_token)
    const began = nowMs
    nowMs += 29_000
    expect((await refresh(pair.refresh_token)).text).toBe(first.text)
    nowMs = began
    // Nothing is written for it.
    expect(await sessionOf(pair)).toMatchObject({ gen: 1, rev: 1 })
  })

  it('is gone with the next refresh: then the token before is a stolen one', async () => {
    const next = (await refresh(pair.refresh_token)).json
    await refresh(next.refresh_token)
    await invalid(pair.refresh_token)
    expect(await sessionOf(pair)).toMatchObject({ end_reason: 'theft' })
    expect(await eventsOf(pair)).toEqual(['theft: a refresh token was presented that had been used before', 'login'])
  })

  it('is repeated once to another program, and written down; the second time the session ends', async () => {
    const first = await refresh(pair.refresh_token, {}, { 'user-agent': 'phone' })
    expect((await refresh(pair.refresh_token, {}, { 'user-agent': 'curl' })).text).toBe(first.text)
    const repeated = 'refresh_repeated: to another address or program than it was given to'
    expect(await eventsOf(pair)).toEqual([repeated, 'login'])
    const second = await refresh(pair.refresh_token, {}, { 'user-agent': 'curl' })
    expect(second.json.code).toBe('refresh_invalid')
    expect(await eventsOf(pair)).toEqual([
      ...['theft: an answer was repeated twice to another address or program', repeated, 'login'],
    ])
    expect(await statusOf(first.json)).toBe(401)
  })

  it('that was repeated to another program once may be again after its own asked for it', async () => {
    const headers = { 'user-agent': 'phone' }
    const first = await refresh(pair.refresh_token, {}, headers)
    for (const agent of ['curl', 'phone', 'curl', 'phone']) {
      expect((await refresh(pair.refresh_token, {}, { 'user-agent': agent })).text).toBe(first.text)
    }
    // Its own is no event.
    expect(await eventsOf(pair)).toHaveLength(3)
  })

  it.each([
    ['a program, after one that did not say which', {}, { 'user-agent': 'curl' }],
    ['one that does not say which, after a program', { 'user-agent': 'phone' }, {}],
    ['another place', { 'x-forwarded-for': '192.0.2.1' }, { 'x-forwarded-for': '198.51.100.1' }],
  ])('is repeated once to %s', async (_, own: Record<string, string>, other: Record<string, string>) => {
    const first = await refresh(pair.refresh_token, {}, own)
    expect((await refresh(pair.refresh_token, {}, own)).text).toBe(first.text)
    expect(await eventsOf(pair)).toEqual(['login'])
    expect((await refresh(pair.refresh_token, {}, other)).text).toBe(first.text)
    expect((await eventsOf(pair))[0]).toMatch(/^refresh_repeated: /)
    expect((await refresh(pair.refresh_token, {}, other)).json.code).toBe('refresh_invalid')
  })

  it('that was damaged where it is stored is the server’s fault, and the session goes on', async () => {
    const next = (await refresh(pair.refresh_token)).json
    const { sid } = claimsOf(pair)
    await store.transaction((t) =>
      t
        .updateTable('sessions')
        .set({ answer: Buffer.alloc(100) })
        .where('sid', '=', sid)
        .execute(),
    )
    const { status, json } = await refresh(pair.refresh_token)
    expect([status, json.code]).toEqual([500, 'server_error'])
    expect(server.log.splice(0)).toEqual([
      expect.stringMatching(/^latchkey: POST \/v1\/token\/refresh failed: Error: A stored answer does not open\n/),
    ])
    expect((await refresh(next.refresh_token)).status).toBe(201)
  })
})

describe('a new password', () => {
  it('begins the time anew that the session may be idle, and tells when its last access token ends', async () => {
    const began = nowMs
    nowMs += 100_000
    const answer = await server.ask('PUT', '/v1/user/secret', {
      token: pair.token,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ old_secret: secret, new_secret: 'another long passphrase' }),
    })
    expect(answer.status).toBe(200)
    const seconds = Math.floor(nowMs / 1000)
    const row = await sessionOf(pair)
    expect([row.gen, row.idle_until, row.access_exp]).toEqual([
      ...[1, seconds + answer.json.refresh_expires_in, claimsOf(answer.json).exp],
    ])
    expect(row.access_exp).toBeGreaterThan(claimsOf(pair).exp)
    await server.ask('PUT', '/v1/user/secret', {
      token: answer.json.token,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ old_secret: 'another long passphrase', new_secret: secret }),
    })
    nowMs = began
  })
})

describe('a token that was used', () => {
  it('ends the session when it comes again after 30 seconds: every token of it is refused, here at once', async () => {
    const next = (await refresh(pair.refresh_token)).json
    nowMs += 30_000
    await invalid(pair.refresh_token)
    await invalid(next.refresh_token)
    expect([await statusOf(pair), await statusOf(next)]).toEqual([401, 401])
    const { json } = await server.ask('GET', '/v1/user', { token: next.token })
    expect([json.code, json.error_code]).toEqual(['token_revoked', 1008])
    expect(await sessionOf(pair)).toMatchObject({ end_reason: 'theft', answer: null })
  })
})

describe('a session', () => {
  const day = 86_400_000
  it('that was idle for 30 days is over, and until then it is not', async () => {
    const began = nowMs
    nowMs += 30 * day - 1000
    const next = (await refresh(pair.refresh_token)).json
    expect(claimsOf(next).gen).toBe(1)
    nowMs += 30 * day
    await invalid(next.refresh_token)
    nowMs = began
  })

  it('is over 90 days after its login however it was used, and no token outlives it', async () => {
    const began = nowMs
    let last = pair
    for (let days = 29; days <= 87; days += 29) {
      nowMs = began + days * day
      last = (await refresh(last.refresh_token)).json
    }
    nowMs = began + 90 * day - 3_600_000
    last = (await refresh(last.refresh_token)).json
    expect(last).toMatchObject({ expires_in: 3600, refresh_expires_in: 3600 })
    expect(claimsOf(last).exp).toBe(Math.floor(began / 1000) + 90 * 86_400)
    nowMs = began + 90 * day
    await invalid(last.refresh_token)
    nowMs = began
  })
})

describe('a role that changed', () => {
  it('refuses the tokens before it, and the next refresh carries the new scopes', async () => {
    const { uid } = (await server.post('/v1/client/register', { ...ann, account: 'bob@example.org' })).json
    const bob = await logIn({ account: 'bob@example.org' })
    const { accounts, store: own } = await openBeside()
    await accounts.setRole(uid, 'admin')
    await own.close()
    const next = (await refresh(bob.refresh_token)).json
    expect([next.scope, claimsOf(next).gen]).toEqual(['*:* *:*:any', 1])
    expect(await statusOf(next)).toBe(200)
    expect((await eventsOf(next))[0]).toBe('refresh_scopes: the role has changed')
  })
})

async function openBeside() {
  const { openAccounts } = await import('../src/create-latchkey/open-accounts.js')
  const { readConfig } = await import('../src/config.js')
  const argument = { ...server.database.config, clock: () => nowMs }
  return openAccounts(await readConfig({ argument, environment: {}, folder: server.folder }))
}

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
