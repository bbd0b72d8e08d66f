/** How many passwords may be tried, by whom and from where; on one server and on three. */
import { defineRoles } from 'latchkey'
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { LatchkeyConfig } from '../src/config.js'
import type { OpenOptions } from '../src/create-latchkey/open-latchkey.js'
import { type Answer, ann, ask, type Node, postJson, secret, startNode, temporaryFolder } from './server.js'
import { createTestDatabase } from './store/test-store.js'

vi.setConfig({ testTimeout: 60_000 })
afterAll(() => vi.resetConfig())

const folder = temporaryFolder()
const bob = { ...ann, account: 'bob@example.org' }
let count = 0

/** Behind one proxy, whose header says from where a try comes. Counts in the database: with SQLite only workers do. */
const shared: OpenOptions = { isWorker: true }
async function startNodes(number: number, config: LatchkeyConfig = {}, options: OpenOptions = shared): Promise<Node[]> {
  const database = await createTestDatabase(`${folder}/${++count}`)
  const start = () => startNode(database, { trustedProxies: 1, ...config }, options)
  const nodes = [await start()]
  while (nodes.length < number) nodes.push(await start())
  return nodes
}
const close = (nodes: readonly Node[]) => Promise.all(nodes.map((node) => node.close()))

async function logIn(node: Node, from: string, form: object = {}): Promise<Answer> {
  const body = JSON.stringify({ account: ann.account, secret, type: 100, ...form })
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': from }
  return ask(node.url, 'POST', '/v1/token', { headers, body })
}
const wrong = { secret: 'not the passphrase' }
const statuses = (answers: readonly Answer[], status: number) => answers.filter((one) => one.status === status).length
const retryAfter = ({ headers }: Answer) => headers.get('retry-after')
const limitOf = ({ headers }: Answer) => [headers.get('ratelimit-policy'), headers.get('ratelimit')]

describe.each([
  ['on a server', {}, 100],
  ['on a worker', shared, 20],
] as const)('wrong passwords %s', (_, options, places) => {
  // Less than the default where that is not what is looked at: each is hashed.
  const limits = places === 100 ? {} : { perPrefix: places, perAccount: places }
  it('are ten for an account from one prefix, however it is written', async () => {
    const [node] = (await startNodes(1, {}, options)) as [Node]
    const [account, decomposed] = ['jos\u00e9@example.org', 'jose\u0301@example.org']
    for (const form of [{ ...ann, account }, bob]) await postJson(node.url, '/v1/client/register', form)
    const from = ['192.0.2.1', '192.0.2.200', '::ffff:192.0.2.9', '192.0.2.1:4711']
    const spellings = [account, account.toUpperCase(), decomposed, decomposed.toUpperCase()]
    for (let i = 0; i < 9; i++) {
      const form = { ...wrong, account: spellings[i % spellings.length] }
      expect((await logIn(node, from[i % from.length] as string, form)).status).toBe(401)
    }
    // A right one gives its place back, and none of the others.
    for (let i = 0; i < 3; i++) expect((await logIn(node, '192.0.2.1', { account })).status).toBe(201)
    expect((await logIn(node, '192.0.2.1', { ...wrong, account })).status).toBe(401)

    for (const spelling of spellings) {
      expect((await logIn(node, '192.0.2.1', { account: spelling })).status).toBe(429)
    }
    // With spaces it is nobody's account: counted by itself, and never right.
    for (const spaced of [` ${account}`, `${account} `, `\t${account}`, `${account}\u00a0`]) {
      expect((await logIn(node, '192.0.2.1', { account: spaced })).json.code).toBe('auth_failed')
    }
    const refused = await logIn(node, '192.0.2.1', { account })
    expect(refused.json).toMatchObject({ code: 'too_many_requests', error_code: 1010 })
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(500)
    expect(wait).toBeLessThanOrEqual(600)
    expect(limitOf(refused)).toEqual(['"account-and-prefix";q=10;w=600', `"account-and-prefix";r=0;t=${wait}`])
    expect(refused.headers.get('cache-control')).toBe('no-store')

    expect((await logIn(node, '192.0.2.1', { account: bob.account })).status).toBe(201)
    expect((await logIn(node, '192.0.3.1', { account })).status).toBe(201)
    await close([node])
  })

  it('are counted for an account that does not exist as well', async () => {
    const [node] = (await startNodes(1, {}, options)) as [Node]
    const nobody = { ...wrong, account: 'nobody@example.org' }
    const answers: Answer[] = []
    for (let i = 0; i < 11; i++) answers.push(await logIn(node, '192.0.2.1', nobody))
    expect([statuses(answers, 401), statuses(answers, 429)]).toEqual([10, 1])
    await close([node])
  })

  it('are a hundred from one prefix, for whatever accounts', async () => {
    const [node] = (await startNodes(1, { limits }, options)) as [Node]
    const tries: Answer[] = []
    for (let i = 0; i < places + 3; i++)
      tries.push(await logIn(node, `192.0.2.${i}`, { ...wrong, account: `${i}@example.org` }))
    expect([statuses(tries, 401), statuses(tries, 429)]).toEqual([places, 3])
    const refused = tries.at(-1) as Answer
    expect(limitOf(refused)).toEqual([`"prefix";q=${places};w=600`, `"prefix";r=0;t=${retryAfter(refused)}`])
    expect((await logIn(node, '192.0.3.1', wrong)).status).toBe(401)
    await close([node])
  })

  it('lock the owner of an account out nowhere where the owner has logged in before', async () => {
    const [node] = (await startNodes(1, { limits }, options)) as [Node]
    await postJson(node.url, '/v1/client/register', ann)
    expect((await logIn(node, '198.51.100.7')).status).toBe(201)
    const tries: Answer[] = []
    for (let i = 0; i < 10 * places; i++) tries.push(await logIn(node, `10.1.${i % 250}.1`, wrong))
    expect([statuses(tries, 401), statuses(tries, 429)]).toEqual([places, 9 * places])
    const refused = tries.at(-1) as Answer
    expect(limitOf(refused)).toEqual([`"account";q=${places};w=600`, `"account";r=0;t=${retryAfter(refused)}`])
    // Its owner, too, from a place where nobody has seen the owner.
    expect((await logIn(node, '203.0.113.1')).status).toBe(429)
    expect((await logIn(node, '198.51.100.99')).status).toBe(201)
    await close([node])
  })

  const change = (node: Node, token: string, from: string, old_secret: string) =>
    ask(node.url, 'PUT', '/v1/user/secret', {
      token,
      headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
      body: JSON.stringify({ old_secret, new_secret: 'another long passphrase' }),
    })

  it('by who holds a token keep its owner from changing the password nowhere where the owner has logged in', async () => {
    const [node] = (await startNodes(1, { limits: { perAccount: 3 } }, options)) as [Node]
    await postJson(node.url, '/v1/client/register', ann)
    const { token } = (await logIn(node, '198.51.100.7')).json
    for (let i = 0; i < 3; i++) {
      expect((await change(node, token, `10.1.${i}.1`, wrong.secret)).json.code).toBe('auth_failed')
    }
    expect((await change(node, token, '10.1.9.1', secret)).status).toBe(429)
    expect((await change(node, token, '198.51.100.99', secret)).status).toBe(200)
    await close([node])
  })

  it('change nothing where it is the owner who is mistaken', async () => {
    const [node] = (await startNodes(1, { limits: { perAccountAndPrefix: 3 } }, options)) as [Node]
    const { uid } = (await postJson(node.url, '/v1/client/register', ann)).json
    const { token } = (await logIn(node, '192.0.2.1')).json
    for (let i = 0; i < 3; i++) {
      expect((await change(node, token, '192.0.2.1', wrong.secret)).json.code).toBe('auth_failed')
    }
    const refused = await change(node, token, '192.0.2.1', secret)
    expect([refused.status, refused.json.code]).toEqual([429, 'too_many_requests'])
    expect((await logIn(node, '192.0.2.1')).json.uid).toBe(uid)
    await close([node])
  })

  it('are not those that nobody knows to be wrong', async () => {
    const some = Array.from({ length: 20 }, (_, i) => i)
    const scopes = some.flatMap((i) => some.map((j) => `r${i}:a${j}` as const))
    const roles = defineRoles({ scopes, roles: { user: { allow: some.map((i) => `r${i}:*` as const) } } })
    const [node] = (await startNodes(1, { roles, limits: { perAccountAndPrefix: 2 } }, options)) as [Node]
    await postJson(node.url, '/v1/client/register', ann)
    // What the patterns of the role and of the request come to is too long: said after the password was looked at.
    const scope = some.map((j) => `*:a${j}`).join(' ')
    const tries: Answer[] = []
    for (let i = 0; i < 4; i++) tries.push(await logIn(node, '192.0.2.1', { scope }))
    expect([statuses(tries, 400), statuses(tries, 429)]).toEqual([4, 0])
    await close([node])
  })

  it('of one time are forgotten when it is over', async () => {
    let shiftMs = 0
    const limits = { perAccountAndPrefix: 2 }
    const clock = () => Date.now() + shiftMs
    const [node] = (await startNodes(1, { limits, clock }, options)) as [Node]
    await postJson(node.url, '/v1/client/register', ann)
    for (const status of [401, 401, 429]) expect((await logIn(node, '192.0.2.1', wrong)).status).toBe(status)
    shiftMs += 601_000
    for (const status of [401, 401, 429]) expect((await logIn(node, '192.0.2.1', wrong)).status).toBe(status)
    await close([node])
  })
})

describe('on three servers', () => {
  it('ten of three hundred tries at once are hashed, and no more', async () => {
    const nodes = await startNodes(3)
    await postJson((nodes[0] as Node).url, '/v1/client/register', ann)
    const tries = await Promise.all(
      Array.from({ length: 300 }, (_, i) => logIn(nodes[i % 3] as Node, `192.0.2.${i % 256}`, wrong)),
    )
    expect([statuses(tries, 401), statuses(tries, 429)]).toEqual([10, 290])
    await close(nodes)
  })

  it('right ones at once are worth trying again soon, and none is counted in the end', async () => {
    const nodes = await startNodes(3)
    await postJson((nodes[0] as Node).url, '/v1/client/register', ann)
    for (let round = 0; round < 3; round++) {
      const tries = await Promise.all(Array.from({ length: 60 }, (_, i) => logIn(nodes[i % 3] as Node, '192.0.2.1')))
      expect(statuses(tries, 201)).toBeGreaterThanOrEqual(10)
      expect(statuses(tries, 201) + statuses(tries, 429)).toBe(60)
      for (const refused of tries.filter(({ status }) => status === 429)) {
        expect(refused.headers.get('retry-after')).toBe('1')
      }
    }
    for (let i = 0; i < 10; i++) expect((await logIn(nodes[i % 3] as Node, '192.0.2.1', wrong)).status).toBe(401)
    await close(nodes)
  })

  it('registrations are sixty in a minute from one prefix', async () => {
    const nodes = await startNodes(3)
    const register = (i: number) => {
      // Too common: refused before anything is hashed, and counted.
      const body = JSON.stringify({ ...ann, account: `${i}@example.org`, secret: 'password' })
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.1' }
      return ask((nodes[i % 3] as Node).url, 'POST', '/v1/client/register', { headers, body })
    }
    const answers = await Promise.all(Array.from({ length: 70 }, (_, i) => register(i)))
    expect([statuses(answers, 400), statuses(answers, 429)]).toEqual([60, 10])
    const refused = answers.find(({ status }) => status === 429) as Answer
    expect(limitOf(refused)).toEqual(['"registrations";q=60;w=60', `"registrations";r=0;t=${retryAfter(refused)}`])
    expect(Number(retryAfter(refused))).toBeLessThanOrEqual(60)
    expect((await postJson((nodes[0] as Node).url, '/v1/client/register', ann)).status).toBe(201)
    await close(nodes)
  })
})

it('zero is no limit, and what is not said keeps its default', async () => {
  const [node] = (await startNodes(1, { limits: { perAccountAndPrefix: 0, perPrefix: 12 } })) as [Node]
  const tries: Answer[] = []
  for (let i = 0; i < 13; i++) tries.push(await logIn(node, '192.0.2.1', wrong))
  expect([statuses(tries, 401), limitOf(tries[12] as Answer)[0]]).toEqual([12, '"prefix";q=12;w=600'])
  await close([node])
})

it('where nobody knows an address, an account is counted alone', async () => {
  const [node] = (await startNodes(1, { limits: { perAccount: 3 } })) as [Node]
  const attempt = () =>
    node.latchkey.fetch(
      new Request('http://localhost/v1/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ account: ann.account, type: 100, ...wrong }),
      }),
    )
  const answered: (number | undefined)[] = []
  for (let i = 0; i < 5; i++) answered.push((await attempt())?.status)
  expect(answered).toEqual([401, 401, 401, 429, 429])
  await close([node])
})
