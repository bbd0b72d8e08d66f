/** Several servers on one database: what one does, the others know within a second. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ann, ask, type Node, postJson, secret, startNode, useServer } from './server.js'

const first = useServer()
let second: Node
let third: Node
beforeAll(async () => {
  await first.post('/v1/client/register', ann)
  second = await startNode(first.database)
  third = await startNode(first.database)
})
afterAll(async () => {
  await second.close()
  await third.close()
})

const logIn = async (url: string, account = ann.account) =>
  (await postJson(url, '/v1/token', { account, secret, type: 100 })).json
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
const get = (url: string, token: string) => ask(url, 'GET', '/v1/user', { token })

/** Milliseconds until every node refuses the token as revoked. */
async function untilRefused(token: string): Promise<number> {
  const began = performance.now()
  for (const url of [first.url, second.url, third.url]) {
    for (;;) {
      const { status, json } = await get(url, token)
      if (status === 401) {
        expect(json.code).toBe('token_revoked')
        break
      }
      if (performance.now() - began > 5000) throw new Error(`${url} still accepts it`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return performance.now() - began
}

describe('a token', () => {
  it('of one node is good on every other, and so is its refresh token', async () => {
    const { token, refresh_token } = await logIn(first.url)
    for (const url of [second.url, third.url]) expect((await get(url, token)).status).toBe(200)
    const { status } = await postJson(third.url, '/v1/token/refresh', { refresh_token })
    expect(status).toBe(201)
  })

  it.each([
    ['a logout', async (token: string) => ask(second.url, 'DELETE', '/v1/user/sessions', { token })],
    ['a revocation', async (token: string) => postJson(third.url, '/v1/token/revoke', { token })],
    [
      'a new password elsewhere',
      async () =>
        ask(first.url, 'PUT', '/v1/user/secret', {
          token: (await logIn(first.url)).token,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ old_secret: secret, new_secret: 'a passphrase between' }),
        }).then(async ({ json }) => {
          await ask(first.url, 'PUT', '/v1/user/secret', {
            token: json.token,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ old_secret: 'a passphrase between', new_secret: secret }),
          })
        }),
    ],
  ])('is refused by every node within a second of %s', async (_, end) => {
    const { token } = await logIn(first.url)
    for (const url of [first.url, second.url, third.url]) expect((await get(url, token)).status).toBe(200)
    await end(token)
    expect(await untilRefused(token)).toBeLessThan(1000)
  })

  it('is refused within a second when a command disables, demotes or deletes its user', async () => {
    for (const words of [
      ['user', 'role', 'ann@example.org', 'admin'],
      ['user', 'disable', 'ann@example.org'],
    ]) {
      const { token } = await logIn(first.url)
      expect((await get(third.url, token)).status).toBe(200)
      expect(await first.run(...words)).toBe(0)
      expect(await untilRefused(token)).toBeLessThan(1000)
    }
    await first.run('user', 'enable', 'ann@example.org')
    await first.run('user', 'role', 'ann@example.org', 'user')
  })
})

describe('fifty equal refreshes at once on three nodes', () => {
  it('are one generation, and every caller holds the same bytes', async () => {
    for (let round = 0; round < 10; round++) {
      const { refresh_token } = await logIn(first.url)
      const urls = [first.url, second.url, third.url]
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => postJson(urls[i % 3] as string, '/v1/token/refresh', { refresh_token })),
      )
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([201])
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
      const next = answers[0]?.json
      expect((await get(third.url, next.token)).status).toBe(200)
      const after = await postJson(second.url, '/v1/token/refresh', { refresh_token: next.refresh_token })
      expect(after.status).toBe(201)
    }
  })
})

describe('an end that is asked for at three nodes at once', () => {
  const answersOf = async (path: string, token: string) => {
    const asked = [first, second, third].map(({ url }) => ask(url, 'DELETE', path, { token }))
    return (await Promise.all(asked)).map(({ status }) => status).sort()
  }

  it('of a login is done by one of them, and the others say that there is none', async () => {
    const { token } = await logIn(first.url)
    for (let i = 0; i < 20; i++) {
      const { sid } = claimsOf((await logIn(second.url)).token)
      expect(await answersOf(`/v1/user/sessions/${sid}`, token)).toEqual([202, 404, 404])
    }
  })

  it('of an API key likewise', async () => {
    const { token } = await logIn(first.url)
    for (let i = 0; i < 20; i++) {
      const body = Buffer.from('{"name":"robot"}')
      const headers = { 'content-type': 'application/json' }
      const { json } = await ask(second.url, 'POST', '/v1/user/api-keys', { token, headers, body })
      expect(await answersOf(`/v1/user/api-keys/${json.id}`, token)).toEqual([202, 404, 404])
    }
  })
})

it('nothing of all this was the fault of a server', () => {
  expect([first.log, second.log, third.log]).toEqual([[], [], []])
})
