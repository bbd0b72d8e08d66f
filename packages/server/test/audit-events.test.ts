/** Events that no route writes when it is called for the first time. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStore } from '../src/store/open-store.js'
import type { AuditEventRow } from '../src/store/schema.js'
import type { Store } from '../src/store/store.js'
import { fillSessions } from './ends/fill-sessions.js'
import { newDoubled, newPerson, type Person, send, sidOf } from './ends/people.js'
import { secret, useServer } from './server.js'

const server = useServer()
let store: Store
beforeAll(async () => {
  store = await openStore(server.database.storeOptions)
})
afterAll(() => store.close())

type Fact = string | number | null
/** What was written while it ran: the event, which session, by whom, and whose. */
async function writtenBy(work: () => Promise<unknown>): Promise<Fact[][]> {
  const rows = () => store.db.selectFrom('audit_events').selectAll().orderBy('id').execute()
  const before = (await rows()).length
  await work()
  const facts = ({ event, outcome, sid, actor, actor_uid, uid }: AuditEventRow) => [
    ...[event, outcome, sid, actor, actor_uid, uid],
  ]
  return (await rows()).slice(before).map(facts)
}
const byItself = ({ uid }: Person) => ['user', Number(uid), Number(uid)]

it('a hundred and first login is two: its own, and the end of the oldest', async () => {
  const person = await newDoubled(server)
  await fillSessions(store, person)
  let token = ''
  const written = await writtenBy(async () => {
    token = await server.logIn(person.account)
  })
  expect(written).toEqual([
    ['login', 'done', sidOf(token), ...byItself(person)],
    ['eviction', 'done', sidOf(person.own.token), ...byItself(person)],
  ])
  // A user who stays at a hundred.
  const next = await writtenBy(() => server.logIn(person.account))
  expect(next.map(([event]) => event)).toEqual(['login', 'eviction'])
})

it('so it is where the operator begins a session', async () => {
  const person = await newDoubled(server)
  await fillSessions(store, person)
  const byOperator = ['operator', null, Number(person.uid)]
  const written = await writtenBy(() => server.run('token', 'issue', person.uid))
  expect(written).toEqual([
    ['token_issued', 'done', expect.stringMatching(/^[\w-]{22}$/), ...byOperator],
    ['eviction', 'done', sidOf(person.own.token), ...byOperator],
  ])
})

it('an access token of an API key that is revoked, with all that the key had, is one', async () => {
  const person = await newPerson(server)
  const revoke = () => server.post('/v1/token/revoke', { token: person.key.token })
  expect(await writtenBy(revoke)).toEqual([['api_key_tokens', 'done', person.key.id, ...byItself(person)]])
  expect(await writtenBy(revoke)).toEqual([])
})

it('a new password that ends the API keys as well is one', async () => {
  const person = await newPerson(server)
  const change = { old_secret: secret, new_secret: 'a newer passphrase', end_api_keys: true }
  const written = await writtenBy(() => send(server, 'PUT', person.own.token, '/v1/user/secret', change))
  expect(written).toEqual([['secret_and_keys', 'done', null, ...byItself(person)]])
})
