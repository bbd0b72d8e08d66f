/** Users who are logged in, once or twice, and have an API key. */
import { type Answer, ann, ask, type Fixture, postJson, secret } from '../server.js'

export interface Pair {
  readonly token: string
  readonly refresh_token: string
}
export interface Key {
  readonly id: string
  readonly key: string
  /** What it was exchanged for. */
  readonly token: string
}
export interface Person {
  readonly uid: string
  readonly account: string
  /** The session that an event comes from. */
  readonly own: Pair
  readonly key: Key
}
export interface Doubled extends Person {
  /** Another session of the same user. */
  readonly others: Pair
}

const decode = (token: string, part: 0 | 1) =>
  JSON.parse(Buffer.from(token.split('.')[part] as string, 'base64url').toString())
export const kidOf = (token: string): string => decode(token, 0).kid
export const sidOf = (token: string): string => decode(token, 1).sid

export const exchange = (url: string, { id, key }: Pick<Key, 'id' | 'key'>): Promise<Answer> =>
  postJson(url, '/v1/token', { account: id, secret: key, type: 300 })
export const refresh = (url: string, { refresh_token }: Pair): Promise<Answer> =>
  postJson(url, '/v1/token/refresh', { refresh_token })

let count = 0
/** Logged in once. `made` is told of the user before that. */
export async function newPerson(
  first: Fixture,
  made: (uid: string) => Promise<void> = async () => {},
): Promise<Person> {
  const account = `person${++count}@example.org`
  const { uid } = (await first.post('/v1/client/register', { ...ann, account })).json
  await made(uid)
  const own = await logIn(first, account)
  const { id, key } = (await send(first, 'POST', own.token, '/v1/user/api-keys', { name: 'program' })).json
  return { uid, account, own, key: { id, key, token: (await exchange(first.url, { id, key })).json.token } }
}

/** Logged in twice. */
export async function newDoubled(first: Fixture): Promise<Doubled> {
  const person = await newPerson(first)
  return { ...person, others: await logIn(first, person.account) }
}

const logIn = async (first: Fixture, account: string): Promise<Pair> =>
  (await first.post('/v1/token', { account, secret, type: 100 })).json

export const send = ({ url }: { url: string }, method: string, token: string, path: string, body: object) =>
  ask(url, method, path, { token, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
