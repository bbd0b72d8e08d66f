/** The body of every route that has one: another type, too long, or a key that is there twice, it is refused and does nothing. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStore } from '../src/store/open-store.js'
import type { Store } from '../src/store/store.js'
import { makeKey } from './oauth/clients.js'
import { type Operation, pathOf, readOperations } from './routes/operations.js'
import { readRows } from './routes/stored-rows.js'
import { type Answer, ann, secret, useServer } from './server.js'

const server = useServer({ limits: { registrationsPerPrefix: 0 } })
const [jsonType, formType] = ['application/json', 'application/x-www-form-urlencoded']
const maxBytes = 64 * 1024
let store: Store
let operations: readonly Operation[]
beforeAll(async () => {
  store = await openStore(server.database.storeOptions)
  operations = (await readOperations(server)).filter(({ bodyTypes }) => bodyTypes.length > 0)
})
afterAll(() => store.close())

type Fields = Readonly<Record<string, unknown>>
interface Prepared {
  readonly headers: Readonly<Record<string, string>>
  /** What the route takes. */
  readonly fields: Fields
}

let count = 0
/** Somebody new who may do everything, and a body with which the route does what it does. */
async function prepare({ path, isGuarded, properties, required }: Operation): Promise<Prepared> {
  const account = `person${++count}@example.org`
  await server.post('/v1/client/register', { ...ann, account })
  await server.run('user', 'role', account, 'admin')
  const { token, refresh_token } = (await server.post('/v1/token', { account, secret, type: 100 })).json
  const { id, key } = await makeKey(server, token)
  const given: Fields = {
    ...{ account: path === '/v1/client/register' ? `new.${account}` : account, secret, type: 100, nickname: 'ann' },
    ...{ token, refresh_token, old_secret: secret, new_secret: 'another long passphrase', name: 'program' },
    ...{ grant_type: 'client_credentials', client_id: id, client_secret: key },
  }
  const names = Object.keys(properties).filter(
    (name) => required.includes(name) || name === 'nickname' || (name.startsWith('client_') && !isGuarded),
  )
  const fields = Object.fromEntries(names.map((name) => [name, given[name] ?? properties[name]?.example ?? 'x']))
  return { headers: isGuarded ? { authorization: `Bearer ${token}` } : {}, fields }
}

const write = (type: string, fields: Fields) =>
  type === formType ? new URLSearchParams(fields as Record<string, string>).toString() : JSON.stringify(fields)
/** As long as that, and read like the shorter one. */
const padded = (type: string, text: string, length: number) =>
  type === formType ? `${text}&padding=`.padEnd(length, 'x') : text.padEnd(length)
const repeated = (type: string, text: string, fields: Fields) => {
  const [[name, value]] = Object.entries(fields) as [[string, unknown]]
  if (type === formType) return `${text}&${new URLSearchParams({ [name]: String(value) })}`
  return `${text.slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`
}

function send(operation: Operation, { headers }: Prepared, type: string | undefined, body: string): Promise<Answer> {
  return server.ask(operation.method, pathOf(operation), {
    headers: { ...headers, ...(type === undefined ? {} : { 'content-type': type }) },
    body,
  })
}

/** Each body that a route takes, of somebody new. */
async function forEachBody(check: (body: { operation: Operation; type: string; prepared: Prepared }) => Promise<void>) {
  for (const operation of operations) {
    for (const type of operation.bodyTypes) {
      await check({ operation, type, prepared: await prepare(operation) })
    }
  }
}

it('is there for more than a few routes, and some take forms', () => {
  expect(operations.length).toBeGreaterThanOrEqual(10)
  expect(operations.filter(({ bodyTypes }) => bodyTypes.includes(formType)).map(({ route }) => route)).toEqual([
    ...['POST /oauth/token', 'POST /v1/token/revoke', 'POST /v1/token/introspect'],
  ])
})

it('of another type, or of none, is 415 and changes nothing; of its own it does something; nobody may keep the answer', async () => {
  await forEachBody(async ({ operation, type: own, prepared }) => {
    const { route, bodyTypes } = operation
    const before = await readRows(store)
    const others = ['text/plain', undefined, 'multipart/form-data; boundary=x', 'application/xml', `${own}x`]
    for (const type of [...others, ...[jsonType, formType].filter((one) => !bodyTypes.includes(one))]) {
      for (const written of [jsonType, formType]) {
        const { status, json, headers } = await send(operation, prepared, type, write(written, prepared.fields))
        expect([route, type, status, json.code]).toEqual([route, type, 415, 'http_error'])
        expect([route, headers.get('cache-control')]).toEqual([route, 'no-store'])
      }
    }
    expect(await readRows(store)).toEqual(before)
    const { status, headers } = await send(operation, prepared, own, write(own, prepared.fields))
    expect([route, own, status < 300]).toEqual([route, own, true])
    // What is sent to it, and what it answers, holds credentials.
    expect([route, headers.get('cache-control')]).toEqual([route, 'no-store'])
  })
}, 60_000)

it('of a byte over 64 KiB is 413 and changes nothing; of a byte less it is read', async () => {
  await forEachBody(async ({ operation, type, prepared }) => {
    const { route } = operation
    const before = await readRows(store)
    const text = write(type, prepared.fields)
    const { status, json } = await send(operation, prepared, type, padded(type, text, maxBytes + 1))
    expect([route, type, status, json.code]).toEqual([route, type, 413, 'http_error'])
    expect(await readRows(store)).toEqual(before)
    const read = await send(operation, prepared, type, padded(type, text, maxBytes))
    expect([route, type, read.status < 300]).toEqual([route, type, true])
  })
}, 60_000)

it('with a key that is there twice, though both say the same, is 400 by its name and changes nothing', async () => {
  await forEachBody(async ({ operation, type, prepared }) => {
    const { route } = operation
    const before = await readRows(store)
    const text = repeated(type, write(type, prepared.fields), prepared.fields)
    const { status, json } = await send(operation, prepared, type, text)
    const name = Object.keys(prepared.fields)[0] as string
    expect([route, type, status, json.msg]).toEqual([route, type, 400, { [name]: ['must not be repeated'] }])
    expect(await readRows(store)).toEqual(before)
  })
}, 60_000)
