/** latchkey/client against a real server: what callers of APIs see, here in Node. */
import { openAsBlob } from 'node:fs'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createClient } from 'latchkey/client'
import { describe, expect, it } from 'vitest'
import { type Fault, hold, startFront } from './client/front.js'
import { failureOf, form, refreshPath, useClient } from './client/use-client.js'
import { ann, listen, secret } from './server.js'

const now = useClient()
const { server, storage, newClient, stored, store, expire, me } = now

describe('login', () => {
  it('keeps the pair, says who it is, and lets fetch through', async () => {
    expect(await now.client.login({ ...form, scope: 'user:read', audience: ['orders'], device: 'a test' })).toEqual({
      ...{ uid: now.uid, scope: 'user:read' },
    })
    expect(await now.client.session()).toEqual({ uid: now.uid, scope: 'user:read' })
    expect(now.events).toEqual([['login', { uid: now.uid, scope: 'user:read' }]])
    expect(JSON.parse(now.front.seen[0]?.body as string)).toMatchObject({ device: 'a test' })
    // Not for the server's own API.
    expect((await me()).status).toBe(401)
    await now.client.login(form)
    expect(await (await me()).json()).toMatchObject({ uid: now.uid, nickname: 'ann' })
  })

  it('with a wrong secret is refused with the code, and changes nothing', async () => {
    const error = await failureOf(now.client.login({ ...form, secret: 'another long passphrase' }))
    expect(error).toMatchObject({ name: 'ClientError', kind: 'refused', code: 'auth_failed', status: 401 })
    const bad = await failureOf(now.client.login({ ...form, scope: 1 as never }))
    expect(bad).toMatchObject({ code: 'parameter_invalid', msg: { scope: ['must be a text'] } })
    expect(now.events).toEqual([])
    expect((await me()).status).toBe(200)
  })

  it('that cannot be sent, or is answered by somebody else, says so, and names no secret', async () => {
    const answers = [
      ['cut', { kind: 'unreachable', status: undefined }],
      [(response) => response.writeHead(502).end('<h1>bad gateway</h1>'), { kind: 'unexpected_status', status: 502 }],
      [(response) => response.writeHead(200).end('<h1>welcome</h1>'), { kind: 'unexpected_body', status: undefined }],
      [(response) => response.writeHead(201).end('{"token":1}'), { kind: 'unexpected_body' }],
      [(response) => response.writeHead(201).end('null'), { kind: 'unexpected_body' }],
      [(response) => response.writeHead(302, { location: '/elsewhere' }).end(), { kind: 'unreachable' }],
      [
        (response) =>
          response
            .writeHead(429, { 'retry-after': '7' })
            .end('{"code":"too_many_requests","type":"urn:latchkey:error:too_many_requests"}'),
        { kind: 'refused', code: 'too_many_requests', retryAfterSeconds: 7 },
      ],
      [
        (response) => response.writeHead(401).end('{"code":"refresh_invalid"}'),
        { kind: 'unexpected_status', code: undefined },
      ],
    ] satisfies [Fault, object][]
    for (const [fault, expected] of answers) {
      now.front.fault = () => fault
      const error = await failureOf(now.client.login(form))
      expect(error).toMatchObject({ name: 'ClientError', ...expected })
      expect(`${error.message} ${error.cause}`).not.toContain(secret)
    }
    expect(now.front.count('/elsewhere')).toBe(0)
    expect(now.front.count('/v1/token')).toBe(answers.length)
  })

  it('can be aborted', async () => {
    now.front.fault = () => 'hang'
    const stop = new AbortController()
    const work = failureOf(now.client.login(form, { signal: stop.signal }))
    setTimeout(() => stop.abort(), 20)
    expect((await work).name).toBe('AbortError')
    expect(now.events).toEqual([])
  })

  it("with an API key keeps the token alone: token_expired is the caller's to see, and logout sends nothing", async () => {
    const key = await now.client.fetch(`${now.front.url}/v1/user/api-keys`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'robot', scope: 'user:read' }),
    })
    const { id, key: keySecret } = await key.json()
    await now.client.login({ account: id, secret: keySecret, type: 300 })
    expect(stored()).not.toHaveProperty('refreshToken')
    expect((await me()).status).toBe(200)
    expire()
    expect(await (await me()).json()).toMatchObject({ code: 'token_expired' })
    now.front.reset()
    await now.client.logout()
    expect([now.front.seen, await now.client.session(), now.events.at(-1)]).toEqual([
      [],
      undefined,
      ['logout', { reason: 'logout' }],
    ])
  })
})

describe('fetch', () => {
  it('sends the token to the origins that were named, and to no other', async () => {
    const api = await startFront(() => server.url)
    const got: (string | undefined)[] = []
    const other = createServer((request, response) => {
      got.push(request.headers.authorization)
      response.end('other')
    })
    const elsewhere = `http://127.0.0.1:${await listen(other)}`
    await expect(now.client.fetch(`${api.url}/v1/user`)).rejects.toThrow(/^the token is not for http/)
    await expect(now.client.fetch(elsewhere)).rejects.toThrow(TypeError)
    await expect(now.client.fetch(`${now.front.url}@${elsewhere.slice(7)}/`)).rejects.toThrow(TypeError)
    now.client = newClient({ apis: [`${api.url}/some/path`] })
    expect((await now.client.fetch(new URL(`${api.url}/v1/user`))).status).toBe(200)
    expect((await now.client.fetch(new Request(`${api.url}/v1/user`))).status).toBe(200)
    expect(got).toEqual([])
    now.front.fault = ({ path }) =>
      path === '/away' ? (response) => response.writeHead(307, { location: elsewhere }).end() : undefined
    expect(await (await now.client.fetch(`${now.front.url}/away`)).text()).toBe('other')
    expect(got).toEqual([undefined])
    now.front.fault = ({ path }) =>
      path === '/near' ? (response) => response.writeHead(307, { location: '/v1/user' }).end() : undefined
    expect((await now.client.fetch(`${now.front.url}/near`)).status).toBe(200)
    await api.close()
    other.close()
  })

  it("without a session, or with credentials of the caller's own, adds nothing", async () => {
    expect((await me({ headers: { authorization: 'Bearer mine' } })).status).toBe(401)
    expect(now.front.seen[0]?.headers.authorization).toBe('Bearer mine')
    await now.client.logout()
    expect((await me()).status).toBe(401)
    expect(now.front.seen.at(-1)?.headers).not.toHaveProperty('authorization')
    expect(now.front.count(refreshPath)).toBe(0)
  })

  it('a hundred times at once with an expired token is one refresh, and all go well', async () => {
    expire()
    const answers = await Promise.all(Array.from({ length: 100 }, () => me()))
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([200])
    expect([now.front.count(refreshPath), now.front.count('/v1/user', 401), now.front.count('/v1/user', 200)]).toEqual([
      1, 100, 100,
    ])
    expect(now.events).toEqual([['refresh', { uid: now.uid, scope: 'user:read user:write' }]])
    expect(stored().turn).toBe(1)
  })

  it('refreshes ahead when by its own measure almost nothing is left, once for all', async () => {
    store({ cameAt: Date.now() - 7_194_000 })
    expect((await me()).status).toBe(200)
    expect(now.front.count(refreshPath)).toBe(0)
    now.front.reset()
    store({ cameAt: Date.now() - 7_196_000 })
    now.client = newClient()
    const answers = await Promise.all(Array.from({ length: 20 }, () => me()))
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([200])
    expect([now.front.count(refreshPath), now.front.count('/v1/user')]).toEqual([1, 20])
  })

  it('sends a body again, but not one that is gone', async () => {
    const rename = (init: RequestInit) => ({
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      ...init,
    })
    const text = JSON.stringify({ nickname: 'anna' })
    const stream = () => new Blob([text]).stream()
    const iterable = async function* () {
      yield new TextEncoder().encode(text)
    }
    const user = `${now.front.url}/v1/user`
    const again: (() => Promise<Response>)[] = [
      () => me(rename({ body: text })),
      () => me(rename({ body: new Blob([text]) })),
      () => me(rename({ body: new TextEncoder().encode(text) })),
      () => now.client.fetch(new Request(user, rename({ body: text }))),
      () => now.client.fetch(new Request(user, { ...rename({ body: stream() }), duplex: 'half' } as RequestInit)),
      () => now.client.fetch(new Request(user), rename({ body: text })),
    ]
    for (const send of again) {
      expire()
      expect((await send()).status).toBe(200)
      expect(now.front.seen.at(-1)?.body).toBe(text)
    }
    for (const body of [stream(), iterable()]) {
      expire()
      now.front.reset()
      const answer = await me({ ...rename({ body: body as BodyInit }), duplex: 'half' } as RequestInit)
      expect(await answer.json()).toMatchObject({ code: 'token_expired' })
      expect([now.front.count('/v1/user'), now.front.count(refreshPath, 201)]).toEqual([1, 1])
    }
    const file = await openAsBlob(fileURLToPath(new URL('../package.json', import.meta.url)))
    expire()
    expect((await me(rename({ body: file }))).status).toBe(400)
  })

  it('looks at no other refusal', async () => {
    const answers: [number, string, string][] = [
      [401, 'application/json', '{"code":"token_expired"}'],
      [401, 'text/plain', '{"code":"token_expired","type":"urn:latchkey:error:token_expired"}'],
      [401, 'application/problem+json', '{"code":"token_expired","type":"about:blank"}'],
      [401, 'application/problem+json', '{"code":"token_invalid","type":"urn:latchkey:error:token_invalid"}'],
      [401, 'application/problem+json', 'no JSON'],
      [401, 'text/plain', ''],
      [403, 'application/problem+json', '{"code":"token_expired","type":"urn:latchkey:error:token_expired"}'],
      [500, 'application/problem+json', '{"code":"token_expired","type":"urn:latchkey:error:token_expired"}'],
    ]
    for (const [status, type, text] of answers) {
      now.front.fault = () => (response) => response.writeHead(status, { 'content-type': type }).end(text)
      const answer = await me()
      expect([answer.status, await answer.text()]).toEqual([status, text])
    }
    expect(now.front.count('/v1/user')).toBe(answers.length)
    expect(now.front.count(refreshPath)).toBe(0)
  })

  // As everywhere, and as where OAuth libraries call.
  it.each(['problem+json', 'json'])('sends once more and no oftener, refused in application/%s', async (type) => {
    const refusal = '{"code":"token_expired","type":"urn:latchkey:error:token_expired"}'
    now.front.fault = ({ path }) =>
      path === '/v1/user'
        ? (response) => response.writeHead(401, { 'content-type': `application/${type}` }).end(refusal)
        : undefined
    expect((await me()).status).toBe(401)
    expect([now.front.count('/v1/user'), now.front.count(refreshPath)]).toEqual([2, 1])
  })

  it('that one caller aborts leaves the refresh to the others', async () => {
    expire()
    const stop = new AbortController()
    const { held, release } = hold()
    now.front.fault = ({ path }) => {
      if (path !== refreshPath) return undefined
      // While the one waits for it, and another begins to.
      other = me()
      setTimeout(() => stop.abort(new Error('enough')), 100)
      return held
    }
    let other: Promise<Response> | undefined
    const aborted = failureOf(me({ signal: stop.signal }))
    expect((await aborted).message).toBe('enough')
    // It did not wait for the answer.
    expect(now.front.count(refreshPath, 201)).toBe(0)
    release()
    expect((await other)?.status).toBe(200)
    expect(now.front.count(refreshPath)).toBe(1)
    await expect(me({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    await expect(
      now.client.fetch(new Request(`${now.front.url}/v1/user`, { signal: AbortSignal.abort() })),
    ).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('does not send again in the name of somebody who logged in meanwhile', async () => {
    await server.post('/v1/client/register', { ...ann, account: 'bob@example.org', nickname: 'bob' })
    expire()
    now.front.fault = ({ path }, number) => {
      if (path !== '/v1/user' || number > 0) return undefined
      return (response) =>
        void now.client
          .login({ ...form, account: 'bob@example.org' })
          .then(() =>
            response
              .writeHead(401, { 'content-type': 'application/problem+json' })
              .end('{"code":"token_expired","type":"urn:latchkey:error:token_expired"}'),
          )
    }
    expect((await me()).status).toBe(401)
    expect([now.front.count('/v1/user'), now.front.count(refreshPath)]).toEqual([1, 0])
  })
})

describe('logout', () => {
  it('ends the session at the server and here', async () => {
    const { token } = stored()
    await now.client.logout()
    expect([now.kept, await now.client.session(), now.events]).toEqual([
      undefined,
      undefined,
      [['logout', { reason: 'logout' }]],
    ])
    expect(now.front.seen.map(({ path, status }) => [path, status])).toEqual([['/v1/token/revoke', 200]])
    expect((await server.ask('GET', '/v1/user', { token })).json.code).toBe('token_revoked')
    await now.client.logout()
    expect([now.front.seen.length, now.events.length]).toEqual([1, 1])
  })

  it('that the server does not hear of forgets the pair all the same, and rejects', async () => {
    now.front.fault = () => 'cut'
    expect(await failureOf(now.client.logout())).toMatchObject({ kind: 'unreachable' })
    expect([now.kept, await now.client.session(), now.events.length]).toEqual([undefined, undefined, 1])
    now.front.reset()
    await now.client.login(form)
    now.front.fault = () => 'hang'
    const stop = new AbortController()
    const work = failureOf(now.client.logout({ signal: stop.signal }))
    setTimeout(() => stop.abort(), 20)
    expect((await work).name).toBe('AbortError')
    expect(now.kept).toBeUndefined()
  })
})

describe('events', () => {
  it('go to listeners until they leave, and one that throws or rejects breaks nothing', async () => {
    const said: unknown[] = []
    const write = console.error
    console.error = (error: unknown) => void said.push(String(error))
    const off = now.client.on('login', () => {
      throw new Error('a listener')
    })
    now.client.on('login', () => Promise.reject(new Error('another')))
    await now.client.login(form)
    await new Promise((resolve) => setTimeout(resolve, 1))
    console.error = write
    expect([said, now.events.map(([name]) => name)]).toEqual([['Error: a listener', 'Error: another'], ['login']])
    off()
  })
})

describe('options', () => {
  it('are checked', () => {
    const wrong: unknown[] = [
      {},
      { server: 'id.example' },
      { server: 'http://id.example' },
      { server: 'https://user:pass@id.example' },
      { server: 'https://id.example/?a' },
      { server: 'ftp://id.example' },
      { server: 'https://id.example', apis: ['/v1'] },
      { server: 'https://id.example', apis: ['http://api.example'] },
      { server: 'https://id.example', storage: {} },
      { server: 'https://id.example', store: storage },
    ]
    for (const options of wrong) expect(() => createClient(options as never)).toThrow(TypeError)
    createClient({ server: 'http://id.example/', allowHttp: true, apis: ['http://api.example'] })
    for (const name of ['http://localhost:1', 'http://127.0.0.1', 'http://[::1]:4000']) createClient({ server: name })
  })
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
