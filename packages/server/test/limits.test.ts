/** Limits per address prefix: what counts, what gives its place back, and whose address it is behind proxies. */
import { createAuth } from 'latchkey'
import { beforeAll, describe, expect, it } from 'vitest'
import { createLimit } from '../src/limits/limit.js'
import { createMemoryCounters } from '../src/limits/memory-counters.js'
import { writeRevocations } from '../src/revocations/write-revocations.js'
import { openStore } from '../src/store/open-store.js'
import {
  type Answer,
  type AskOptions,
  ann,
  ask,
  postJson,
  secret,
  startNode,
  temporaryFolder,
  useServer,
} from './server.js'
import { createTestDatabase } from './store/test-store.js'

const server = useServer()
const proxied = useServer({ trustedProxies: 1 })
const twice = useServer({ trustedProxies: 2 })
const closed = useServer({ feedAccess: 'key' })
const folder = temporaryFolder()

const wrong = { account: 'A'.repeat(22), secret: 'lkk_x', type: 300 }
const attemptWith = (url: string, headers: AskOptions['headers'], body: object = wrong) =>
  ask(url, 'POST', '/v1/token', {
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
const attempt = (url: string, forwarded?: string, body: object = wrong) =>
  attemptWith(url, forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, body)
const count = (answers: { status: number }[], status: number) => answers.filter((one) => one.status === status).length

/** What a refusal says of its limit. */
const limitOf = ({ headers }: Answer) => [headers.get('ratelimit-policy'), headers.get('ratelimit')]
const exhausted = (name: string, places: number, seconds: number, { headers }: Answer) => [
  `"${name}";q=${places};w=${seconds}`,
  `"${name}";r=0;t=${headers.get('retry-after')}`,
]

describe('wrong secrets', () => {
  it('from one place are a hundred at most, however many come at once, and whatever the headers say', async () => {
    await server.post('/v1/client/register', ann)
    const right = { account: ann.account, secret, type: 100 }
    for (let i = 0; i < 5; i++) expect((await server.post('/v1/token', right)).status).toBe(201)
    // What is no attempt at all counts no more than what is right.
    for (let i = 0; i < 20; i++) expect((await attempt(server.url, undefined, { ...wrong, type: 5 })).status).toBe(400)
    const tries = await Promise.all(Array.from({ length: 300 }, (_, i) => attempt(server.url, `192.0.${i % 256}.1`)))
    expect([count(tries, 401), count(tries, 429)]).toEqual([100, 200])
    const refused = await attempt(server.url)
    expect(refused.json).toMatchObject({ code: 'too_many_requests', error_code: 1010, msg: 'too many requests' })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(590)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(600)
    expect(limitOf(refused)).toEqual(exhausted('prefix', 100, 600, refused))

    const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: '' }
    const grant = { ...form, body: 'grant_type=client_credentials&client_id=a&client_secret=b' }
    const byOauth = await server.ask('POST', '/oauth/token', grant)
    expect([byOauth.status, byOauth.json.error]).toEqual([429, 'temporarily_unavailable'])
    const question = { ...form, body: 'token=x&client_id=a&client_secret=lkk_b' }
    expect((await server.ask('POST', '/v1/token/introspect', question)).status).toBe(429)
  })

  it('that run at the same time count as if they were wrong, and are worth trying again soon', async () => {
    const node = await startNode(await createTestDatabase(folder))
    await postJson(node.url, '/v1/client/register', ann)
    const right = { account: ann.account, secret, type: 100 }
    const tries = await Promise.all(Array.from({ length: 200 }, () => postJson(node.url, '/v1/token', right)))
    // Some had ended before the last came.
    expect(count(tries, 201)).toBeGreaterThanOrEqual(10)
    expect(count(tries, 429)).toBe(200 - count(tries, 201))
    expect(count(tries, 429)).toBeGreaterThan(0)
    expect(tries.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1')
    expect((await postJson(node.url, '/v1/token', right)).status).toBe(201)
    await node.close()
  })

  it('are counted for the client behind a proxy, by what the proxy wrote', async () => {
    for (const { url, of } of [
      { url: proxied.url, of: (client: string, said: string) => `${said}, ${client}` },
      { url: twice.url, of: (client: string, said: string) => `${said}, ${client}, 198.51.100.7` },
    ]) {
      const said = (i: number) => `203.0.${i % 256}.9`
      const tries = await Promise.all(Array.from({ length: 150 }, (_, i) => attempt(url, of('192.0.2.1', said(i)))))
      expect([count(tries, 401), count(tries, 429)]).toEqual([100, 50])
      for (const same of ['192.0.2.77', '192.0.2.1:4711', '::ffff:192.0.2.1', '[::ffff:192.0.2.1]:80']) {
        expect((await attempt(url, of(same, said(1)))).status).toBe(429)
      }
      for (const other of ['192.0.3.1', '2001:db8::1', '[2001:db8:1::1]:80']) {
        expect((await attempt(url, of(other, '192.0.2.1'))).status).toBe(401)
      }
    }
  })
})

describe('the address of a client', () => {
  const places = 20
  const limits = { perPrefix: places }
  const forwarding = async (url: string, headers: Readonly<Record<string, string | string[]>>, times: number) => {
    const answers = await Promise.all(Array.from({ length: times }, () => attemptWith(url, headers)))
    return [count(answers, 401), count(answers, 429)]
  }

  it('is its /64: a thousand addresses of one are one place', async () => {
    const node = await startNode(await createTestDatabase(folder), { trustedProxies: 1, limits })
    const tries: Answer[] = []
    for (let i = 0; i < 1000; i += 50) {
      const some = Array.from({ length: 50 }, (_, j) => `2001:db8:1:2:${i.toString(16)}:${j.toString(16)}:0:1`)
      tries.push(...(await Promise.all(some.map((address) => attempt(node.url, address)))))
    }
    expect([count(tries, 401), count(tries, 429)]).toEqual([places, 1000 - places])
    expect((await attempt(node.url, '2001:DB8:1:2::')).status).toBe(429)
    expect((await attempt(node.url, '2001:db8:1:3::1')).status).toBe(401)
    await node.close()
  })

  it('is not what other headers say, with a proxy and without', async () => {
    for (const trustedProxies of [0, 1]) {
      const node = await startNode(await createTestDatabase(folder), { trustedProxies, limits })
      const told = (i: number) => `203.0.${i}.9`
      const names = ['x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip', 'x-cluster-client-ip']
      const byProxy = trustedProxies === 1 ? { 'x-forwarded-for': '192.0.2.1' } : {}
      const tries = await Promise.all(
        Array.from({ length: 2 * places }, (_, i) =>
          attemptWith(node.url, {
            ...Object.fromEntries(names.map((name) => [name, told(i)])),
            ...{ forwarded: `for=${told(i)};by=${told(i)}`, 'x-forwarded': told(i), ...byProxy },
          }),
        ),
      )
      await node.close()
      expect([trustedProxies, count(tries, 401), count(tries, 429)]).toEqual([trustedProxies, places, places])
    }
  })

  it('is counted from the right over all lines of X-Forwarded-For', async () => {
    const node = await startNode(await createTestDatabase(folder), { trustedProxies: 2, limits })
    const lines = (i: number) => [`203.0.${i}.9`, `203.1.${i}.9, 203.2.${i}.9`]
    const tries: Answer[] = []
    for (let i = 0; i < places; i++) {
      // The proxies' own two, in one line, in two, or behind what the client wrote.
      const ends = [
        ['192.0.2.1, 198.51.100.7'],
        ['192.0.2.1', '198.51.100.7'],
        ['203.3.0.9, 192.0.2.1', '198.51.100.7'],
      ]
      const header = [...lines(i), ...(ends[i % ends.length] as string[])]
      tries.push(await attemptWith(node.url, { 'x-forwarded-for': header }))
    }
    expect(count(tries, 401)).toBe(places)
    expect(await forwarding(node.url, { 'x-forwarded-for': ['192.0.2.1', '198.51.100.7'] }, 1)).toEqual([0, 1])
    await node.close()
  })

  it('is the first there is where fewer stand there than there are proxies, and else the connection itself', async () => {
    const node = await startNode(await createTestDatabase(folder), { trustedProxies: 3, limits })
    expect(await forwarding(node.url, { 'x-forwarded-for': '192.0.2.1, 198.51.100.7, 198.51.100.8' }, 8)).toEqual([
      8, 0,
    ])
    expect(await forwarding(node.url, { 'x-forwarded-for': '192.0.2.1, 198.51.100.7' }, 8)).toEqual([8, 0])
    expect(await forwarding(node.url, { 'x-forwarded-for': '192.0.2.1' }, 8)).toEqual([4, 4])
    expect(await forwarding(node.url, {}, 10)).toEqual([10, 0])
    expect(await forwarding(node.url, { 'x-forwarded-for': ' , , ' }, 8)).toEqual([8, 0])
    const others = { 'x-forwarded-for': ['', ''], 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9' }
    expect(await forwarding(node.url, others, 4)).toEqual([2, 2])
    await node.close()
  })
})

it('a proxy that names nobody is counted itself, whatever stands left of that', async () => {
  const node = await startNode(await createTestDatabase(folder), { trustedProxies: 1 })
  const names = ['unknown', '_hidden', '999.1.1.1', '']
  const tries = await Promise.all(
    Array.from({ length: 120 }, (_, i) => attempt(node.url, `192.0.${i}.1, ${names[i % names.length]}`)),
  )
  await node.close()
  expect([count(tries, 401), count(tries, 429)]).toEqual([100, 20])
})

it('the list of sessions shows the client behind the proxy', async () => {
  await proxied.post('/v1/client/register', ann)
  const right = { account: ann.account, secret, type: 100 }
  const { token } = (await attempt(proxied.url, '192.0.2.1, 198.51.100.20', right)).json
  const { json } = await ask(proxied.url, 'GET', '/v1/user/sessions', { token })
  expect(json.sessions[0].address_prefix).toBe('198.51.100.0/24')
})

it('questions about tokens are 600 in a minute', async () => {
  const node = await startNode(await createTestDatabase(folder))
  const answers: Answer[] = []
  while (answers.length < 610) answers.push(await postJson(node.url, '/v1/token/secret', { token: 'x' }))
  await node.close()
  expect([count(answers, 401), count(answers, 429)]).toEqual([600, 10])
  const refused = answers.at(-1) as Answer
  expect(limitOf(refused)).toEqual(exhausted('questions', 600, 60, refused))
})

const root = { ...ann, account: 'root@example.org' }
beforeAll(async () => {
  await closed.post('/v1/client/register', root)
  await closed.run('user', 'role', root.account, 'admin')
})
async function makeKey(form: object): Promise<{ id: string; key: string }> {
  const token = await closed.logIn(root.account)
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ name: 'guards', ...form })
  return (await closed.ask('POST', '/v1/user/api-keys', { token, headers, body })).json
}

describe('the feed', () => {
  it('has a limit where everybody may read it', async () => {
    const counters = createMemoryCounters({ now: () => performance.now() / 1000 })
    const pages = createLimit({ counters, name: 'pages', places: 3, seconds: 60 })
    const node = await startNode(await createTestDatabase(folder), {}, { limits: { pages } })
    const answers: Answer[] = []
    while (answers.length < 5) answers.push(await ask(node.url, 'GET', '/v1/revocations'))
    await node.close()
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429])
    for (const refused of answers.slice(3)) expect(limitOf(refused)).toEqual(exhausted('pages', 3, 60, refused))
  })

  it('that needs a key answers those alone who have one with the scope', async () => {
    const key = await makeKey({ scope: 'revocation:read' })
    const other = await makeKey({ scope: 'user:read' })
    const basic = (id: string, text: string) => `Basic ${Buffer.from(`${id}:${text}`).toString('base64')}`
    const read = async (authorization?: string) => {
      const { status, headers } = await ask(closed.url, 'GET', '/v1/revocations', {
        headers: authorization === undefined ? {} : { authorization },
      })
      return [status, headers.get('cache-control')]
    }
    expect(await read(basic(key.id, key.key))).toEqual([200, 'no-store'])
    expect(await read(`Bearer ${await closed.logIn(root.account)}`)).toEqual([200, 'no-store'])
    expect((await read())[0]).toBe(401)
    expect((await read(basic(other.id, other.key)))[0]).toBe(403)
    expect((await read(basic(other.id, key.key)))[0]).toBe(401)
    expect((await read(`Bearer ${key.key}`))[0]).toBe(401)

    const issuer = 'http://localhost:4000'
    const service = createAuth({ server: closed.url, issuer, apiKey: key.key })
    await service.ready()
    expect(service.status()).toEqual({
      revocationsAgeMs: expect.any(Number),
      laggingDecisions: expect.any(Number),
      cache: { hits: 0, misses: 0 },
      problem: undefined,
    })
    await service.close()
    const strangers = [
      createAuth({ server: closed.url, issuer }),
      createAuth({ server: closed.url, issuer, apiKey: other.key }),
    ]
    for (const stranger of strangers) {
      while (stranger.status().problem === undefined) await new Promise((resolve) => setTimeout(resolve, 10))
      expect(stranger.status().problem).toMatch(/revocations.* must answer 200, not 40[13]/)
      await stranger.close()
    }
    for (const wrong of ['x', key.key.slice(0, -1), `${key.key}A`, '', 5]) {
      const make = () => createAuth({ server: closed.url, issuer, apiKey: wrong as string })
      expect(make).toThrow('apiKey must be an API key of the server')
    }
  })

  it('that needs a key is kept by its reader alone, page by page, and for no time while it may change', async () => {
    const store = await openStore(closed.database.storeOptions)
    const far = { min: 1, expires_at: 4e9 }
    for (let at = 0; at < 10_001; at += 1000) {
      const ids = Array.from({ length: 1000 }, (_, i) => Buffer.from(String(at + i).padStart(16, '0')))
      const rows = ids.map((id) => ({ kind: 's' as const, id: id.toString('base64url'), ...far }))
      await store.transaction((transaction) => writeRevocations(transaction, rows))
    }
    await store.close()
    const reader = await makeKey({ scope: 'revocation:read' })
    const authorization = `Basic ${Buffer.from(`${reader.id}:${reader.key}`).toString('base64')}`
    const read = (path: string) => ask(closed.url, 'GET', path, { headers: { authorization } })
    // Once no transaction is left that may still write into it.
    await expect.poll(async () => (await read('/v1/revocations')).json.final).toBe(true)
    const full = await read('/v1/revocations')
    expect([full.status, full.json.rows.length, full.headers.get('cache-control')]).toEqual([
      ...[200, 10_000],
      'private, max-age=31536000, immutable',
    ])
    const rest = await read(`/v1/revocations?after=${encodeURIComponent(full.json.next)}`)
    expect([rest.status, rest.json.final, rest.headers.get('cache-control')]).toEqual([200, false, 'no-store'])
    const refused = await ask(closed.url, 'GET', '/v1/revocations')
    expect([refused.status, refused.headers.get('cache-control')]).toEqual([401, 'no-store'])
  })
})
