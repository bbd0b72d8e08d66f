/** `latchkey/testing`: tokens for the tests of an application, through its real guards. */

import { createServer } from 'node:http'
import express from 'express'
import { defineRoles } from 'latchkey'
import { currentUser, guard } from 'latchkey/express'
import { createTestAuth, type TestAuth } from 'latchkey/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listen } from './guards/apps/listen.js'
import type { App } from './guards/routes.js'

const roles = defineRoles({ scopes: ['order:read', 'order:cancel'], roles: { user: { allow: ['order:read'] } } })
let app: App
let test: TestAuth<'order:read' | 'order:cancel'>
beforeAll(async () => {
  test = createTestAuth({ roles })
  const routes = express()
  routes.get('/orders', guard(test.auth, 'order:read'), (req, res) => {
    res.json({ for: currentUser(req).uid, by: currentUser(req).clientType })
  })
  app = await listen(createServer(routes))
})
afterAll(() => app.close())

async function get(token?: string): Promise<unknown[]> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(`http://127.0.0.1:${app.port}/orders`, { headers })
  const body = (await response.json()) as { code?: string }
  return [response.status, body.code ?? body]
}

it('makes tokens that a guard takes, with the scopes that were wished for', async () => {
  expect(await get(test.token({ uid: '7', scopes: ['order:*'] }))).toEqual([200, { for: '7', by: 100 }])
  expect(await get(test.token({ scopes: ['order:read'], clientType: 300 }))).toEqual([200, { for: '1', by: 300 }])
  expect(await get(test.token({ scopes: ['order:*', '!order:read'] }))).toEqual([403, 'forbidden'])
  expect(await get(test.token())).toEqual([403, 'forbidden'])
  expect(await get()).toEqual([401, 'token_invalid'])
})

it('makes tokens that have expired, and revokes others', async () => {
  const issuedAt = new Date(Date.now() - 3 * 3_600_000)
  expect(await get(test.token({ scopes: ['order:read'], issuedAt }))).toEqual([401, 'token_expired'])
  const [token, other] = [test.token({ scopes: ['order:read'] }), test.token({ scopes: ['order:read'] })]
  expect((await get(token))[0]).toBe(200)
  test.revoke(token)
  expect(await get(token)).toEqual([401, 'token_revoked'])
  expect((await get(other))[0]).toBe(200)
})

it('makes tokens for itself alone', async () => {
  expect(await get(createTestAuth().token({ scopes: ['order:read'] }))).toEqual([401, 'token_invalid'])
})

it('refuses what it does not know', () => {
  expect(() => test.token({ scope: 'x' } as never)).toThrow('token has no "scope"')
  expect(() => createTestAuth({ key: 1 } as never)).toThrow('createTestAuth has no "key"')
  // @ts-expect-error: a scope that is not among the roles
  expect(() => guard(test.auth, 'order:write')).toThrow('order:write')
})
