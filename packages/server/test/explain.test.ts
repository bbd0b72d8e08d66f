/** `latchkey token explain`: what becomes of a token, and what to do, from the database here or as a service sees it. */
import { beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import { ann, ask, runCommand, secret, startNode, temporaryFolder, useServer } from './server.js'
import { createTestDatabase } from './store/test-store.js'

const issuer = 'https://id.example'
const server = useServer({ issuer, audiences: ['orders'] })
const folder = temporaryFolder()
beforeAll(async () => {
  await server.post('/v1/client/register', ann)
})

const logIn = async (more: object = {}, url = server.url) => {
  const body = JSON.stringify({ account: ann.account, secret, type: 100, ...more })
  return (await ask(url, 'POST', '/v1/token', { headers: { 'content-type': 'application/json' }, body })).json
}
/** A page of the feed is answered again for 50 ms, and what was revoked meanwhile is not on it. */
const nextPage = () => new Promise((resolve) => setTimeout(resolve, 60))
const explainHere = (token: string, ...words: string[]) =>
  runCommand(server.folder, ['token', 'explain', '-', ...words], `${token}\n`, {
    ...server.database.environment,
    LATCHKEY_ISSUER: issuer,
  })
const explainThere = (url: string, token: string, ...words: string[]) =>
  runCommand(folder, ['token', 'explain', token, '--server', url, ...words], '', {})

const ways = {
  'from the database here': explainHere,
  'as a service sees it': (token: string, ...words: string[]) =>
    explainThere(server.url, token, '--issuer', issuer, ...words),
}

describe.each(Object.entries(ways))('a token, %s', (_, explain) => {
  it('that is good', async () => {
    const { code, out, error } = await explain((await logIn()).token)
    expect([code, error]).toEqual([0, ''])
    expect(out.split('\n')).toHaveLength(15)
    expect(out).toMatch(/^ok {7}form {8}found 3 parts, \d+ characters$/m)
    expect(out).toMatch(/^ok {7}audience {4}found "https:\/\/id\.example", "orders"$/m)
    expect(out).toMatch(/^ok {7}expiry {6}found 20[0-9-]+T[0-9:]+Z, in (119 minutes|2 hours)$/m)
    expect(out).toContain('The token is good')
  })

  it('that is for another audience', async () => {
    const { token } = await logIn({ audience: ['orders'] })
    expect((await explain(token, '--audience', 'orders')).code).toBe(0)
    const { code, out, error } = await explain(token, '--audience', 'billing')
    expect(code).toBe(1)
    expect(out).toMatch(/^refused {2}audience {4}found "orders"; expected "billing"$/m)
    expect(error).toContain('token_invalid: Issued for audience "orders", this service is "billing"')
    expect(out + error).not.toContain(token.split('.')[2] as string)
  })

  it('that is a refresh token, as JSON', async () => {
    const { code, out, error } = await explain((await logIn()).refresh_token, '--json')
    const { accepted, refused, advice, checks } = JSON.parse(out)
    expect([code, accepted, refused]).toEqual([1, false, 'token_invalid'])
    expect(advice).toBe('This is a refresh token: exchange it at POST /v1/token/refresh')
    expect(checks[0]).toMatchObject({ name: 'form', outcome: 'refused' })
    expect(JSON.parse(error)).toMatchObject({ error: 'failed' })
  })

  it('that was revoked', async () => {
    const { token } = await logIn()
    await server.post('/v1/token/revoke', { token })
    await nextPage()
    const { code, error } = await explain(token)
    expect(code).toBe(1)
    expect(error).toMatch(
      explain === explainHere
        ? /token_revoked: Its session ended \d seconds? ago \(logout\): log in again/
        : /token_revoked: Revoked, by a logout or since role or password changed/,
    )
  })

  it('whose key was withdrawn', async () => {
    const { token } = await logIn()
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString())
    expect(await server.run('key', 'retire', '--now', kid)).toBe(0)
    await expect.poll(async () => (await server.ask('GET', '/v1/user', { token })).json.code).toBe('token_revoked')
    await nextPage()
    const { code, error } = await explain(token)
    expect([code, error]).toEqual([
      ...[1, `latchkey: token_revoked: Signed by key "${kid}", which was withdrawn: refresh it, or log in again`],
    ])
  })
})

it('a token of a key that was retired long ago', async () => {
  let nowMs = Date.now()
  const database = await createTestDatabase(temporary.pop() as string)
  const node = await startNode(database, { issuer, clock: () => nowMs })
  await ask(node.url, 'POST', '/v1/client/register', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ann),
  })
  const { token } = await logIn({}, node.url)
  await node.close()
  // The key's retirement as it would stand in the database after three days.
  const { openStore } = await import('../src/store/open-store.js')
  nowMs = Date.now()
  const store = await openStore(database.storeOptions)
  const kid = JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString()).kid
  const at = store.now() - 3 * 86_400
  await store.transaction((t) =>
    t.updateTable('signing_keys').set({ sign_until: at, verify_until: at }).where('kid', '=', kid).execute(),
  )
  await store.close()
  const environment = { ...database.environment, LATCHKEY_ISSUER: issuer }
  const { error } = await runCommand(folder, ['token', 'explain', token], '', environment)
  expect(error).toContain(`Signed by key ${kid}, retired 3 days ago: log in again`)
})
const temporary = [temporaryFolder(), temporaryFolder()]

it('a clock that is not the server’s', async () => {
  const ahead = await startNode(await createTestDatabase(temporary.pop() as string), {
    ...{ issuer, clock: () => Date.now() + 11 * 60_000 },
  })
  await ask(ahead.url, 'POST', '/v1/client/register', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ann),
  })
  const { token } = await logIn({}, ahead.url)
  const { error } = await explainThere(ahead.url, token, '--issuer', issuer)
  expect(error).toContain('This clock is 11 minutes behind that of the server: set it right')
  await ahead.close()
})

it('a server that is none is said, and so is one that is not there or is called otherwise', async () => {
  const cases = [
    [`${server.url}/v1`, 'cannot be followed: .*answer 200, not 404'],
    [`http://127.0.0.1:${await freePort()}`, 'cannot be followed'],
    [server.url, `must name the issuer ${server.url}`],
    ['nonsense', 'server must be a URL'],
  ] as const
  // Side by side: each is tried for five seconds.
  await Promise.all(
    cases.map(async ([url, reason]) => {
      const { code, out, error } = await explainThere(url, 'x')
      expect([code, out]).toEqual([1, ''])
      expect(error).toMatch(new RegExp(reason))
    }),
  )
}, 30_000)
