/** How latchkey/client keeps a session, and what ends it. */
import { type ClientStorage, createClient } from 'latchkey/client'
import { describe, expect, it } from 'vitest'
import { kidOf } from '../ends/people.js'
import { ask, secret } from '../server.js'
import { type Front, hold } from './front.js'
import { failureOf, form, refreshPath, useClient } from './use-client.js'

const now = useClient()
const { server, storage, newClient, stored, expire, me, setRole } = now

describe('a role that changed', () => {
  it('logs nobody out: a hundred calls at once go on, after one refresh, with the new scopes', async () => {
    for (const [role, scope] of [
      ['admin', '*:* *:*:any'],
      ['user', 'user:read user:write'],
    ] as const) {
      now.front.reset()
      const { token } = stored()
      await setRole(role)
      await expect.poll(async () => (await server.ask('GET', '/v1/user', { token })).status).toBe(401)
      const answers = await Promise.all(Array.from({ length: 100 }, () => me()))
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([200])
      expect(now.front.count(refreshPath)).toBe(1)
      expect((await now.client.session())?.scope).toBe(scope)
    }
    expect(now.events.map(([name]) => name)).toEqual(['refresh', 'refresh'])
  })
})

describe('a signing key that is withdrawn', () => {
  it('logs nobody out: calls go on, after one refresh', async () => {
    const { token } = stored()
    expect(await server.run('key', 'retire', '--now', kidOf(token))).toBe(0)
    // The server has heard of it, and has read the next key.
    await expect.poll(async () => kidOf(await server.logIn())).not.toBe(kidOf(token))
    const answers = await Promise.all(Array.from({ length: 100 }, () => me()))
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([200])
    expect(now.front.count(refreshPath)).toBe(1)
    expect(now.events.map(([name]) => name)).toEqual(['refresh'])
  })
})

describe('changeSecret', () => {
  const next = 'another long passphrase'
  it('lets nobody refresh with the token that it replaces', async () => {
    const { held, release } = hold()
    now.front.fault = ({ path }) => (path === '/v1/user/secret' ? held : undefined)
    const change = now.client.changeSecret({ old_secret: secret, new_secret: next })
    // The server has changed it by now, and its answer is on the way.
    await expect.poll(() => now.front.seen[0]?.serverStatus).toBe(200)
    const answer = me()
    await expect.poll(() => now.front.count('/v1/user', 401)).toBe(1)
    release()
    expect((await answer).status).toBe(200)
    expect([now.front.count('/v1/user', 401), now.front.count(refreshPath)]).toEqual([1, 0])
    await change
    await now.client.changeSecret({ old_secret: next, new_secret: secret })
    expect(now.events.map(([name]) => name)).not.toContain('logout')
  })

  it('keeps the new pair, also beside other calls and with an expired token', async () => {
    expire()
    const [changed, ...others] = await Promise.all([
      now.client.changeSecret({ old_secret: secret, new_secret: next }),
      ...Array.from({ length: 20 }, () => me()),
    ])
    expect(changed).toMatchObject({ uid: now.uid })
    expect([...new Set(others.map(({ status }) => status))]).toEqual([200])
    expire()
    expect((await me()).status).toBe(200)
    expect(await failureOf(now.client.changeSecret({ old_secret: secret, new_secret: next }))).toMatchObject({
      code: 'auth_failed',
    })
    await now.client.changeSecret({ old_secret: next, new_secret: secret })
    expire()
    expect((await me()).status).toBe(200)
    expect(now.events.map(([name]) => name)).not.toContain('logout')
    await now.client.logout()
    await expect(now.client.changeSecret({ old_secret: next, new_secret: secret })).rejects.toThrow(TypeError)
  })
})

describe('a refresh', () => {
  it('whose answer was lost is asked for again with the same token, and the session goes on', async () => {
    for (let round = 0; round < 2; round++) {
      expire()
      now.front.reset()
      now.front.fault = ({ path }, number) => (path === refreshPath && number < 2 ? 'lose' : undefined)
      expect((await me()).status).toBe(200)
      const asked = now.front.seen.filter(({ path }) => path === refreshPath)
      expect([asked.length, new Set(asked.map(({ body }) => body)).size]).toEqual([3, 1])
    }
    expect(now.events.map(([name]) => name)).toEqual(['refresh', 'refresh'])
  })

  it('is tried again after half an answer, a bad gateway, busy and too many requests, and waits as it is told', async () => {
    expire()
    const began = performance.now()
    const problem = (code: string) => `{"code":"${code}","type":"urn:latchkey:error:${code}"}`
    const faults: Front['fault'][] = [
      () => (response) => response.writeHead(201, { 'content-type': 'application/json' }).end('{"token":"a.'),
      () => (response) => response.writeHead(502).end(),
      () => (response) => response.writeHead(503, { 'retry-after': '2' }).end(problem('busy')),
    ]
    now.front.fault = (seen, number) => (seen.path === refreshPath ? faults[number]?.(seen, number) : undefined)
    expect((await me()).status).toBe(200)
    expect(now.front.count(refreshPath)).toBe(4)
    expect(performance.now() - began).toBeGreaterThan(2700)
  })

  it('that is told to wait for long rejects with the code, and logs nobody out', async () => {
    expire()
    now.front.fault = ({ path }) =>
      path === refreshPath
        ? (response) =>
            response.writeHead(503, { 'retry-after': '60' }).end('{"code":"busy","type":"urn:latchkey:error:busy"}')
        : undefined
    expect(await failureOf(me())).toMatchObject({ kind: 'refused', code: 'busy', status: 503, retryAfterSeconds: 60 })
    for (const [status, text] of [
      [404, '{}'],
      [401, '{"code":"refresh_invalid"}'],
      [400, '{"code":"refresh_invalid","type":"urn:latchkey:error:refresh_invalid"}'],
      [403, '{"code":"forbidden","type":"urn:latchkey:error:forbidden"}'],
    ] as const) {
      now.front.fault = ({ path }) =>
        path === refreshPath ? (response) => response.writeHead(status).end(text) : undefined
      expect(await failureOf(me())).toMatchObject({ name: 'ClientError', status })
    }
    now.front.reset()
    expect(now.events).toEqual([])
    expect((await me()).status).toBe(200)
  })

  it('of a session that is over logs out, once', async () => {
    await ask(server.url, 'DELETE', '/v1/user/sessions', { token: stored().token })
    const answers = await Promise.allSettled(Array.from({ length: 30 }, () => me()))
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'refresh_invalid', kind: 'refused' } })
    }
    expect(now.events).toEqual([['logout', { reason: 'refresh_invalid' }]])
    expect([now.kept, await now.client.session(), now.front.count(refreshPath)]).toEqual([undefined, undefined, 1])
    expect((await me()).status).toBe(401)
    expect(await now.client.login(form)).toMatchObject({ uid: now.uid })
  })

  it('that somebody else with the same storage made is taken over', async () => {
    const other = createClient({ server: now.front.url, storage })
    expire()
    const answers = await Promise.all([me(), me({}, other), me()])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect((await me({}, other)).status).toBe(200)
    expect(stored().turn).toBe(1)
    expire()
    await me({}, other)
    now.shiftMs += 40_000
    now.front.reset()
    expect((await me()).status).toBe(200)
    expect(now.front.count(refreshPath)).toBe(0)
  })

  it('during which somebody logs out brings nothing back', async () => {
    expire()
    now.front.fault = ({ path }) =>
      path === refreshPath
        ? (response) =>
            void now.client.logout().then(async () => {
              const text = JSON.stringify({
                ...JSON.parse(before),
                token: 'a.b.c',
                expires_in: 7200,
                refresh_token: 'x',
              })
              response.writeHead(201).end(text)
            })
        : undefined
    const before = now.kept as string
    expect((await me()).status).toBe(401)
    expect([now.kept, now.events]).toEqual([undefined, [['logout', { reason: 'logout' }]]])
  })
})

describe('a storage', () => {
  it('that holds what is broken or foreign holds nothing', async () => {
    const good = stored()
    const texts = [
      '',
      '{',
      'null',
      '7',
      '[]',
      '{}',
      '"text"',
      JSON.stringify({ ...good, server: 'https://else.example' }),
    ]
    const broken = [{ token: 1 }, { token: 'a b' }, { token: 'a\r\nb' }, { id: null }, { turn: '1' }, { cameAt: null }]
    texts.push(
      ...[...broken, { ttlSeconds: 'x' }, { refreshToken: 7 }].map((more) => JSON.stringify({ ...good, ...more })),
    )
    for (const text of texts) {
      now.kept = text
      now.client = newClient()
      expect([text, await now.client.session()]).toEqual([text, undefined])
      expect((await me()).status).toBe(401)
      await now.client.logout()
    }
    now.kept = null as never
    expect(await now.client.session()).toBeUndefined()
    await now.client.login(form)
    expect((await me()).status).toBe(200)
  })

  it('may be slow, or lose what it is given after a refresh', async () => {
    const slowly = (ms: number, work: () => void = () => {}) =>
      new Promise<void>((resolve) => setTimeout(() => resolve(work()), ms))
    const slow: ClientStorage = {
      get: () => slowly(5).then(() => now.kept),
      set: (text) => slowly(20, () => storage.set(text)),
      delete: () => slowly(20, () => storage.delete()),
    }
    now.client = newClient({ storage: slow })
    await now.client.login(form)
    expire()
    const answers = await Promise.all(Array.from({ length: 30 }, () => me()))
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([200])
    expect(now.front.count(refreshPath)).toBe(1)
    // While the storage still holds it.
    const after = new Promise((resolve) => now.client.on('logout', () => resolve(now.client.session())))
    await now.client.logout()
    expect(await after).toBeUndefined()

    await newClient().login(form)
    const unwritten = newClient({
      storage: { ...storage, set: () => Promise.reject(new Error('the disk is full')) },
    })
    expire()
    await expect(me({}, unwritten)).rejects.toThrow('the disk is full')
    now.shiftMs += 60_000
    expect((await me({}, unwritten)).status).toBe(200)
    await expect(unwritten.login(form)).rejects.toThrow('the disk is full')
  })

  it('that another emptied ends the session here too, once', async () => {
    const { token, refreshToken } = stored()
    expire()
    now.front.fault = ({ path }) => {
      if (path === '/v1/user') now.kept = undefined
      return undefined
    }
    expect((await me()).status).toBe(401)
    expect([now.events, now.front.count(refreshPath)]).toEqual([[['logout', { reason: 'gone' }]], 0])
    expect([typeof token, typeof refreshToken]).toEqual(['string', 'string'])
  })

  it('is memory unless another is given, and each client in a process has its own', async () => {
    const alone = createClient({ server: now.front.url })
    await alone.login(form)
    expect((await me({}, alone)).status).toBe(200)
    expect(await createClient({ server: now.front.url }).session()).toBeUndefined()
  })
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
