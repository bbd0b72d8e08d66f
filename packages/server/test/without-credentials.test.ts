/** Every route that writes, without credentials: whom the body or the query names does not matter (better-auth, CVE-2025-61928). */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStore } from '../src/store/open-store.js'
import type { Store } from '../src/store/store.js'
import { makeKey } from './oauth/clients.js'
import { type Operation, readOperations } from './routes/operations.js'
import { readRows } from './routes/stored-rows.js'
import { ann, secret, useServer } from './server.js'

const server = useServer()
let store: Store
let writing: readonly Operation[]
/** What there is to write to: somebody's. */
let ids: Readonly<Record<string, string>>
beforeAll(async () => {
  const { uid } = (await server.post('/v1/client/register', ann)).json
  await server.run('user', 'role', ann.account, 'admin')
  const token = await server.logIn()
  const { id } = await makeKey(server, token)
  const { sid } = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
  ids = { uid, sid, id }
  store = await openStore(server.database.storeOptions)
  writing = (await readOperations(server)).filter(({ method }) => method !== 'GET')
})
afterAll(() => store.close())

/** Says who it would be, in all ways but one that proves it. */
const claimed = () => ({
  ...{ userId: ids.uid, user_id: ids.uid, uid: ids.uid, user: ids.uid, sub: ids.uid, id: ids.uid, sid: ids.sid },
  ...{ role: 'admin', roles: ['admin'], scope: '*:* *:*:any', scopes: ['*:*'], isAdmin: true, account: ann.account },
})
/** What the routes ask for, where it proves nothing. */
const asked = {
  ...{ nickname: 'somebody else', name: 'program', old_secret: secret, new_secret: 'another long passphrase' },
  ...{ type: 100, token: 'x', refresh_token: 'x', secret: '', grant_type: 'client_credentials' },
}
const pathOf = (path: string) => path.replace(/\{(\w+)\}/g, (_, name) => ids[name] ?? '1')
const queries = () => ['', `?user=${ids.uid}&uid=${ids.uid}&userId=${ids.uid}&role=admin&scope=*:*:any`]
const headersOf = (): Record<string, string>[] => [
  {},
  { 'x-user-id': ids.uid as string, 'x-user': ids.uid as string, 'x-role': 'admin', cookie: `sid=${ids.sid}; uid=1` },
  { authorization: 'Basic Og==' },
  { authorization: `Basic ${Buffer.from(`${ids.uid}:${secret}`).toString('base64')}` },
]

function bodiesOf({ properties }: Operation): object[] {
  const own = Object.fromEntries(Object.entries(asked).filter(([name]) => Object.hasOwn(properties, name)))
  // The body that the route takes but for who asks; and with it all that others would believe.
  return [own, { ...own, ...claimed() }, { ...asked, ...claimed() }]
}

function send({ method, bodyTypes }: Operation, path: string, headers: Record<string, string>, body: object) {
  const isForm = bodyTypes.includes('application/x-www-form-urlencoded')
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
  const text = isForm ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body)
  return server.ask(method, path, { headers: { 'content-type': type, ...headers }, body: text })
}

/** All rows but the events that tell of a refusal. */
async function readDone(): Promise<Awaited<ReturnType<typeof readRows>>> {
  const { audit_events = [], ...others } = await readRows(store)
  return { ...others, audit_events: audit_events.filter((row) => (row as { outcome?: string }).outcome !== 'refused') }
}

it('is 401 where a token is asked for, else a refusal of what is in the body, and nothing is written', async () => {
  const before = await readDone()
  const rows = Object.entries(before).filter(([, { length }]) => length > 0)
  expect(rows.map(([table]) => table)).toEqual(
    expect.arrayContaining(['users', 'identities', 'sessions', 'audit_events']),
  )
  const guarded: string[] = []
  for (const operation of writing) {
    if (operation.isGuarded) guarded.push(operation.route)
    for (const query of queries()) {
      for (const headers of headersOf()) {
        for (const body of bodiesOf(operation)) {
          const { status } = await send(operation, pathOf(operation.path) + query, headers, body)
          const isRefused = operation.isGuarded ? status === 401 : status === 400 || status === 401
          // Of a token that is unknown it may be said that it is not good any more (RFC 7009 section 2.2).
          const isNothing = operation.route === 'POST /v1/token/revoke' && status === 200
          expect([operation.route, headers, body, status, isRefused || isNothing]).toEqual([
            ...[operation.route, headers, body, status, true],
          ])
        }
      }
    }
  }
  expect(guarded.length).toBeGreaterThanOrEqual(10)
  expect(await readDone()).toEqual(before)
}, 60_000)

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
