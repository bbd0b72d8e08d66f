/** Roles of an application: by its own definition, through a guard in a service of its own, as the client sees it. */
import { createServer } from 'node:http'
import express from 'express'
import { createAuth, defineRoles } from 'latchkey'
import { createClient } from 'latchkey/client'
import { currentUser, guard } from 'latchkey/express'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'
import { openAccounts } from '../src/create-latchkey/open-accounts.js'
import { ann, closeServer, listen, secret, useServer } from './server.js'

const issuer = 'https://id.example'
const roles = defineRoles({
  scopes: ['order:read', 'order:cancel', 'order:read:any', 'report:read'],
  roles: {
    user: { allow: ['order:*'], forbid: ['order:cancel'] },
    clerk: { allow: ['order:*', 'order:read:any'] },
    auditor: { allow: ['report:read'] },
  },
})
const latchkey = useServer({ issuer, roles })
let auth: ReturnType<typeof makeAuth>
const makeAuth = () => createAuth({ server: latchkey.url, issuer, roles })
let url: string
const closing: (() => Promise<unknown>)[] = []
beforeAll(async () => {
  auth = makeAuth()
  const app = express()
  app.get('/orders', guard(auth, 'order:read'), (req, res) => {
    res.json({ for: currentUser(req).uid })
  })
  app.delete('/orders', guard(auth, 'order:read', 'order:cancel'), (_, res) => {
    res.json({})
  })
  app.get('/reports', guard(auth, { anyOf: ['report:read', 'order:read:any'] }), (_, res) => {
    res.json({})
  })
  const server = createServer(app)
  url = `http://127.0.0.1:${await listen(server)}`
  closing.push(
    () => closeServer(server),
    () => auth.close(),
  )
  await auth.ready()
})
afterAll(async () => {
  for (const close of closing) await close()
})

/** As by the command line of this deployment, in a process of its own. */
async function setRole(uid: string, role: string): Promise<void> {
  const argument = { ...latchkey.database.config, issuer, roles }
  const { accounts, store } = await openAccounts(
    await readConfig({ argument, environment: {}, folder: latchkey.folder }),
  )
  await accounts.setRole(uid, role)
  await store.close()
}

it('a new role refuses the token before it within a second; the client goes on with the new scopes, logged in', async () => {
  const { uid } = (await latchkey.post('/v1/client/register', ann)).json
  const client = createClient({ server: latchkey.url, apis: [url] })
  const events: string[] = []
  for (const name of ['refresh', 'logout'] as const) client.on(name, () => events.push(name))
  const { scope } = await client.login({ account: ann.account, secret, type: 100 })
  const statuses = () =>
    Promise.all([
      client.fetch(`${url}/orders`).then(({ status }) => status),
      client.fetch(`${url}/orders`, { method: 'DELETE' }).then(({ status }) => status),
      client.fetch(`${url}/reports`).then(({ status }) => status),
    ])
  const profile = async () => (await client.fetch(`${latchkey.url}/v1/user`)).json()
  expect(scope).toBe('order:* !order:cancel')
  expect(await statuses()).toEqual([200, 403, 403])
  expect(await profile()).toMatchObject({ uid, role: 'user', scopes: ['order:*', '!order:cancel'] })
  expect(events).toEqual([])

  for (const [role, expected, granted] of [
    ['clerk', [200, 200, 200], ['order:*', 'order:read:any']],
    ['auditor', [403, 403, 200], ['report:read']],
    ['user', [200, 403, 403], ['order:*', '!order:cancel']],
  ] as const) {
    events.length = 0
    await setRole(uid, role)
    const changedAtMs = performance.now()
    let found = await statuses()
    while (found.join() !== expected.join() && performance.now() - changedAtMs < 1000) found = await statuses()
    expect(found).toEqual(expected)
    expect(performance.now() - changedAtMs).toBeLessThan(1000)
    expect(events).toEqual(['refresh'])
    expect(await profile()).toMatchObject({ role, scopes: granted })
    expect((await client.session())?.scope).toBe(granted.join(' '))
  }
  client.close()
})
