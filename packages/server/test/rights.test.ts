/** Who may do what to whose: each route of the OpenAPI document, for each kind of caller, with its own things and another's. */
import { defineRoles } from 'latchkey'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.js'
import { type OpenAccounts, openAccounts } from '../src/create-latchkey/open-accounts.js'
import { type Caller, callers, createPeople, type Person } from './rights/people.js'
import { undeclaredMembers } from './rights/undeclared-members.js'
import { type Answer, ann, secret, useServer } from './server.js'

/**
 * The statuses. `202/404`: with the caller's own thing, and with another's; one status: with both. `reader` has a role that may
 * read everything and do nothing else, `key` a key of an administrator with the scope `user:read`. `disabled` and `deleted` were
 * administrators. What the routes at the top ask for is in the body: who holds a credential may use it.
 */
const table = `
| route                                       | nobody | user    | reader  | admin   | key     | disabled | deleted |
| POST /v1/client/register                    | 201    | 201     | 201     | 201     | 201     | 201      | 201     |
| POST /v1/token                              | 201    | 201     | 201     | 201     | 201     | 401/201  | 401/201 |
| POST /v1/token/refresh                      | 201    | 201     | 201     | 201     | 201     | 401/201  | 401/201 |
| POST /v1/token/secret                       | 200    | 200     | 200     | 200     | 200     | 401/200  | 401/200 |
| POST /oauth/token                           | 200    | 200     | 200     | 200     | 200     | 401/200  | 401/200 |
| POST /v1/token/revoke                       | 200    | 200     | 200     | 200     | 200     | 200      | 200     |
| POST /v1/token/introspect                   | 401    | 403     | 403     | 200     | 403     | 401      | 401     |
| GET /.well-known/oauth-authorization-server | 200    | 200     | 200     | 200     | 200     | 200      | 200     |
| GET /.well-known/jwks.json                  | 200    | 200     | 200     | 200     | 200     | 200      | 200     |
| GET /v1/revocations                         | 200    | 200     | 200     | 200     | 200     | 200      | 200     |
| GET /healthz                                | 200    | 200     | 200     | 200     | 200     | 200      | 200     |
| GET /readyz                                 | 200    | 200     | 200     | 200     | 200     | 200      | 200     |
| GET /v1/user                                | 401    | 200     | 200     | 200     | 200     | 401      | 401     |
| PATCH /v1/user                              | 401    | 200     | 200     | 200     | 200     | 401      | 401     |
| DELETE /v1/user                             | 401    | 202     | 202     | 202     | 403     | 401      | 401     |
| PUT /v1/user/secret                         | 401    | 200     | 200     | 200     | 403     | 401      | 401     |
| GET /v1/user/sessions                       | 401    | 200     | 200     | 200     | 200     | 401      | 401     |
| DELETE /v1/user/sessions                    | 401    | 202     | 202     | 202     | 403     | 401      | 401     |
| DELETE /v1/user/sessions/{sid}              | 401    | 202/404 | 202/404 | 202/404 | 403     | 401      | 401     |
| GET /v1/user/api-keys                       | 401    | 200     | 200     | 200     | 200     | 401      | 401     |
| POST /v1/user/api-keys                      | 401    | 201     | 201     | 201     | 403     | 401      | 401     |
| DELETE /v1/user/api-keys/{id}               | 401    | 202/404 | 202/404 | 202/404 | 403     | 401      | 401     |
| GET /v1/user/{uid}                          | 401    | 403     | 200     | 200     | 403     | 401      | 401     |
| DELETE /v1/user/{uid}                       | 401    | 403     | 403     | 202     | 403     | 401      | 401     |
| GET /v1/admin/sessions                      | 401    | 403     | 200     | 200     | 403     | 401      | 401     |
| DELETE /v1/admin/sessions                   | 401    | 403     | 403     | 202     | 403     | 401      | 401     |
| DELETE /v1/admin/sessions/{sid}             | 401    | 403     | 403     | 202     | 403     | 401      | 401     |
| GET /v1/admin/audit                         | 401    | 403     | 200     | 200     | 403     | 401      | 401     |
`
const [, ...rows] = table
  .trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
const expected = new Map(rows.map(([, route, ...cells]) => [route as string, cells]))

/** Whoever calls these, where they may, is another one for the next cell. */
const changesCaller = [
  ...['DELETE /v1/user', 'PUT /v1/user/secret', 'PATCH /v1/user'],
  ...['DELETE /v1/user/sessions', 'DELETE /v1/user/sessions/{sid}', 'DELETE /v1/user/api-keys/{id}'],
]
/** And of these it is the person whose thing is named. */
const changesTarget = [
  ...['POST /v1/token/refresh', 'POST /v1/token/revoke', 'DELETE /v1/user/{uid}'],
  ...['DELETE /v1/admin/sessions', 'DELETE /v1/admin/sessions/{sid}'],
]

type Body = Readonly<Record<string, unknown>>
let count = 0
/** What a route is sent; the path names the thing of the others. */
const bodies: Record<string, (target: Person) => Body> = {
  'POST /v1/client/register': () => ({ ...ann, account: `newcomer${++count}@example.org` }),
  'POST /v1/token': ({ account }) => ({ account, secret, type: 100 }),
  'POST /v1/token/refresh': ({ refresh_token }) => ({ refresh_token }),
  'POST /v1/token/secret': ({ token }) => ({ token }),
  'POST /oauth/token': ({ id, key }) => ({ grant_type: 'client_credentials', client_id: id, client_secret: key }),
  'POST /v1/token/revoke': ({ token }) => ({ token }),
  'POST /v1/token/introspect': ({ token }) => ({ token }),
  'PATCH /v1/user': () => ({ nickname: 'another' }),
  'PUT /v1/user/secret': () => ({ old_secret: secret, new_secret: 'another long passphrase' }),
  'POST /v1/user/api-keys': () => ({ name: 'another' }),
}

const config = {
  issuer: 'http://localhost:4000',
  roles: defineRoles({
    scopes: ['user:read', 'user:read:any', 'session:read:any', 'audit:read:any', 'revocation:read'],
    roles: { reader: { allow: ['*:read', '*:read:any'] } },
  }),
  limits: { registrationsPerPrefix: 0 },
}
const server = useServer(config)
let beside: OpenAccounts
// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes.
let document: any
beforeAll(async () => {
  const argument = { ...server.database.config, ...config }
  beside = await openAccounts(await readConfig({ argument, environment: {}, folder: server.folder }))
  document = (await server.ask('GET', '/openapi.json')).json
})
afterAll(() => beside.store.close())
const people = createPeople(server, () => beside.accounts)

const operationOf = (route: string) => {
  const [method, path] = route.split(' ') as [string, string]
  return document.paths[path][method.toLowerCase()]
}
const bodySchemaOf = (route: string) =>
  (Object.values(operationOf(route).requestBody.content)[0] as { schema: { $ref: string } }).schema

function call(route: string, token: string | undefined, target: Person, more: Body = {}): Promise<Answer> {
  const [method, path] = route.split(' ') as [string, string]
  const query = path === '/v1/admin/sessions' ? `?user=${target.uid}` : ''
  const named = path.replace(/\{(\w+)\}/g, (_, name: 'uid' | 'sid' | 'id') => target[name]) + query
  const body = bodies[route] && { ...bodies[route](target), ...more }
  const isForm = route === 'POST /oauth/token'
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
  return server.ask(method, named, {
    // A request says once who it is of, and in a form the client does.
    ...(token === undefined || isForm ? {} : { token }),
    ...(body && {
      headers: { 'content-type': type },
      body: isForm ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body),
    }),
  })
}

/** What a user sees of itself, and whether its API key is good. */
async function stateOf(person: Person): Promise<object> {
  const [profile, sessions, keys] = await Promise.all(
    ['', '/sessions', '/api-keys'].map((path) =>
      server.ask('GET', `/v1/user${path}`, { token: person.token as string }),
    ),
  )
  const exchange = await server.post('/v1/token', { account: person.id, secret: person.key, type: 300 })
  const sids = sessions?.json.sessions?.map(({ sid }: { sid: string }) => sid)
  const ids = keys?.json.api_keys?.map(({ id }: { id: string }) => id)
  return { profile: profile?.json, has: [sids?.includes(person.sid), ids], key: exchange.status }
}

const firstStates = new Map<Person, Promise<object>>()
/** Of before anything was done to the person. */
function firstStateOf(person: Person): Promise<object> {
  const known = firstStates.get(person) ?? stateOf(person)
  firstStates.set(person, known)
  return known
}

it('the table has each route of the OpenAPI document, and no other', () => {
  const routes = Object.entries<object>(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect([...expected.keys()].sort()).toEqual(routes.sort())
})

describe.each([...expected])('%s', (route, cells) => {
  it.each(callers.map((caller, i) => [caller, cells[i] as string] as const))(
    'called by %s: %s',
    async (caller, cell) => {
      const [own, others = own] = cell.split('/').map(Number) as [number, number?]
      await expectCell(route, caller, 'other', others)
      if (caller !== 'nobody') await expectCell(route, caller, caller, own)
      const other = await people.get('other')
      expect(await stateOf(other)).toEqual(await firstStateOf(other))
    },
  )
})

/** Asks, and looks whether that told nothing of the other person where it must not. */
async function expectCell(route: string, caller: Caller, whose: Caller | 'other', status: number): Promise<void> {
  const [{ token }, target, other] = await Promise.all([people.get(caller), people.get(whose), people.get('other')])
  await firstStateOf(other)
  const answer = await call(route, token, target)
  expect([whose, answer.status]).toEqual([whose, status])
  const { responses } = operationOf(route)
  expect(Object.keys(responses)).toContain(String(status))
  const [[type, { schema }]] = Object.entries(responses[status].content) as [[string, { schema: object }]]
  expect(answer.headers.get('content-type')).toBe(type)
  expect(undeclaredMembers(document, schema, answer.json)).toEqual([])
  const changed = status < 300 && changesTarget.includes(route) ? whose : undefined
  if (changed !== undefined) people.letGo(changed)
  if (status < 300 && changesCaller.includes(route)) people.letGo(caller)
  if (whose !== 'other' && !route.startsWith('GET /v1/admin/')) {
    for (const hidden of [other.account, other.sid, other.id]) expect(answer.text).not.toContain(hidden)
  }
}

it('of another user a profile shows what its schema names: no hash, no login, no key', async () => {
  const [reader, other] = await Promise.all([people.get('reader'), people.get('other')])
  const { json } = await call('GET /v1/user/{uid}', reader.token, other)
  expect(Object.keys(json).sort()).toEqual(['account', 'created_at', 'nickname', 'role', 'scopes', 'uid'])
  expect(Object.keys(document.components.schemas.Profile.properties).sort()).toEqual(Object.keys(json).sort())
})

/** Members that a body has in no route, or not in most. */
const members = {
  ...{ role: 'admin', roles: ['admin'], scope: '*:* *:*:any', scopes: ['*:*', '*:*:any'], auth: 2, is_admin: true },
  ...{ uid: '1', user: '1', sub: '1', sid: 'A'.repeat(22), gen: 0, status: 1, epoch: 0, disabled_at: null },
  ...{ account: 'other@example.org', secret_hash: 'x', created_at: 0, client_type: 100, constructor: {} },
}
/** RFC 6749 section 3.2, RFC 7009 and RFC 7662: clients send members of extensions. */
const lenient = ['POST /oauth/token', 'POST /v1/token/revoke', 'POST /v1/token/introspect']
const strict = Object.keys(bodies).filter((route) => !lenient.includes(route))

function othersOf(route: string): [string, unknown][] {
  const { properties } = document.components.schemas[bodySchemaOf(route).$ref.split('/').at(-1) as string]
  return Object.entries(members).filter(([name]) => !Object.hasOwn(properties, name))
}

it.each(strict)('%s refuses each member that is not its own by its name, and changes nothing', async (route) => {
  const user = await people.get('user')
  const before = await stateOf(user)
  expect(othersOf(route).length).toBeGreaterThan(10)
  for (const [name, value] of othersOf(route)) {
    const { status, json } = await call(route, user.token, user, { [name]: value })
    expect([name, status, json.code, Object.keys(json.msg)]).toEqual([name, 400, 'parameter_invalid', [name]])
  }
  expect(await stateOf(user)).toEqual(before)
})

it.each(lenient)('%s answers as without the members that are not its own', async (route) => {
  const plain = await call(route, (await people.get('admin')).token, await people.get('admin'))
  for (const [name, value] of othersOf(route)) {
    if (route === 'POST /v1/token/revoke') people.letGo('admin')
    const admin = await people.get('admin')
    const { status, json } = await call(route, admin.token, admin, { [name]: value })
    expect([name, status, Object.keys(json), json.scope]).toEqual([
      ...[name, plain.status, Object.keys(plain.json), plain.json.scope],
    ])
  }
})

it('no scope that is asked for makes a token wider than its role', async () => {
  const [user, other] = await Promise.all([people.get('user'), people.get('other')])
  for (const [scope, keyStatus] of [
    ['user:read:any', 400],
    ['*:*:any', 400],
    ['*:*', 201],
    ['user:read user:read:any', 201],
  ] as const) {
    const login = await server.post('/v1/token', { account: user.account, secret, type: 100, scope })
    const { refresh_token } = login.json
    const made = await call('POST /v1/user/api-keys', user.token, user, { scope })
    expect([scope, made.status]).toEqual([scope, keyStatus])
    const answers = [
      login,
      await server.post('/v1/token/refresh', { refresh_token, scope }),
      await call('POST /oauth/token', undefined, user, { scope }),
    ]
    const { id, key } = made.json
    if (made.status === 201) answers.push(await server.post('/v1/token', { account: id, secret: key, type: 300 }))
    for (const { status } of answers) expect(status).toBeLessThan(300)
    for (const { json } of answers) {
      const token = json.token ?? json.access_token
      expect((await call('GET /v1/user/{uid}', token, other)).status).toBe(403)
    }
  }
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
