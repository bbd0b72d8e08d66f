/** Everything that changes something: over HTTP, and by a command. */
import { type AskOptions, secret } from '../../server.js'
import type { Calls } from './calls.js'
import type { Scope } from './state.js'
import type { Lane, World } from './world.js'

export interface Outcome {
  /** 200 and more, or the exit code of a command. */
  readonly status: number
  readonly code: string | undefined
  readonly text: string
  readonly retryAfter: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: as of an answer.
  readonly json: any
}

/** An operation on rows of its own, which can be tried again. */
export interface Case {
  readonly scope: Scope
  /** Access tokens that are good before. */
  readonly tokens: readonly string[]
  send(lane: Lane, calls?: Calls): Promise<Outcome>
}

export interface Operation {
  readonly name: string
  /** How it is answered when it was done, and how the same request is once it is done already. */
  readonly done: number
  readonly again: number
  /** What the audit log calls it; undefined: it is no event. */
  readonly event: string | undefined
  /** Whether the same request again does it a second time; default false. */
  readonly repeats?: boolean
  prepare(world: World): Promise<Case>
}

let count = 0
const sidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sid
const newName = () => `user${++count}`
const accountOf = (name: string) => `${name}@example.org`

type Person = Awaited<ReturnType<typeof addPerson>>
/** A user with two logins and an API key, whose token is good as well. */
async function addPerson(world: World) {
  const name = newName()
  const uid = await world.addUser(accountOf(name), name)
  const [own, other] = [await world.logIn(uid), await world.logIn(uid)]
  const key = await world.addApiKey(uid, sidOf(own.token))
  return { name, uid, own, other, key }
}

interface Sent {
  readonly method?: string
  readonly path: string
  readonly token?: string
  readonly body?: object
}

function request(
  event: string | undefined,
  done: number,
  again: number,
  of: (person: Person) => Sent,
): Omit<Operation, 'name'> {
  return {
    ...{ done, again, event },
    async prepare(world) {
      const person = await addPerson(world)
      return {
        scope: { uid: person.uid },
        tokens: [person.own.token, person.other.token],
        send: (lane, calls) => sendRequest(lane, of(person), calls),
      }
    },
  }
}

async function sendRequest(lane: Lane, { method = 'POST', path, token, body }: Sent, calls?: Calls): Promise<Outcome> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const options: AskOptions = { ...(token === undefined ? {} : { token }), ...(body === undefined ? {} : json) }
  const answer = await lane.ask(method, path, options, calls)
  const { status, text, headers } = answer
  return {
    ...{ status, text, json: answer.json, code: answer.json?.code },
    retryAfter: headers.get('retry-after') ?? undefined,
  }
}

function command(event: string, of: (person: Person) => readonly string[]): Omit<Operation, 'name'> {
  return {
    ...{ done: 0, again: 0, event },
    async prepare(world) {
      const person = await addPerson(world)
      return {
        scope: { uid: person.uid },
        tokens: [person.own.token, person.other.token],
        send: (lane, calls) => sendCommand(lane, of(person), calls),
      }
    },
  }
}

async function sendCommand(lane: Lane, words: readonly string[], calls?: Calls): Promise<Outcome> {
  const { code: status, out, error } = await lane.command([...words, '--json'], calls)
  const text = status === 0 ? out : error
  return {
    ...{ status, text, retryAfter: undefined },
    code: status === 0 ? undefined : JSON.parse(text).error,
    json: undefined,
  }
}

const repeating = (operation: Omit<Operation, 'name'>) => ({ ...operation, repeats: true })

const registering: Omit<Operation, 'name'> = {
  ...{ done: 201, again: 409, event: 'register' },
  async prepare() {
    const nickname = newName()
    const body = { account: accountOf(nickname), secret, type: 100, nickname }
    return {
      ...{ scope: { nickname }, tokens: [] },
      send: (lane, calls) => sendRequest(lane, { path: '/v1/client/register', body }, calls),
    }
  },
}

const rotating: Omit<Operation, 'name'> = {
  ...{ done: 0, again: 0, event: 'key_rotated', repeats: true },
  async prepare() {
    return {
      ...{ scope: 'keys', tokens: [] },
      send: (lane, calls) => sendCommand(lane, ['key', 'rotate', '--now'], calls),
    }
  },
}

const adding: Omit<Operation, 'name'> = {
  ...{ done: 0, again: 1, event: 'register' },
  async prepare() {
    const nickname = newName()
    const words = ['user', 'add', accountOf(nickname), '--role', 'admin', '--nickname', nickname, '--secret-stdin']
    return { scope: { nickname }, tokens: [], send: (lane, calls) => sendCommand(lane, words, calls) }
  },
}

const changed = { old_secret: secret, new_secret: 'another long passphrase' }
const all: Readonly<Record<string, Omit<Operation, 'name'>>> = {
  register: registering,
  'log in by password': repeating(
    request('login', 201, 201, ({ name }) => ({
      path: '/v1/token',
      body: { account: accountOf(name), secret, type: 100 },
    })),
  ),
  'log in by API key': repeating(
    request('api_key_exchanged', 201, 201, ({ key }) => ({
      path: '/v1/token',
      body: { account: key.id, secret: key.key, type: 300 },
    })),
  ),
  refresh: request(undefined, 201, 201, ({ own: { refresh_token } }) => ({
    path: '/v1/token/refresh',
    body: { refresh_token },
  })),
  'refresh with fewer scopes': request('refresh_scopes', 201, 201, ({ own: { refresh_token } }) => ({
    path: '/v1/token/refresh',
    body: { refresh_token, scope: 'user:read' },
  })),
  'revoke by access token': request('logout', 200, 200, ({ own: { token } }) => ({
    path: '/v1/token/revoke',
    body: { token },
  })),
  'revoke by refresh token': request('logout', 200, 200, ({ own: { refresh_token: token } }) => ({
    path: '/v1/token/revoke',
    body: { token },
  })),
  'revoke an API key': request('api_key_ended', 200, 200, ({ key: { key: token } }) => ({
    path: '/v1/token/revoke',
    body: { token },
  })),
  'log out everywhere': request('logout_all', 202, 401, ({ own: { token } }) => ({
    ...{ method: 'DELETE', path: '/v1/user/sessions', token },
  })),
  'end one session': request('logout', 202, 404, ({ own: { token }, other }) => ({
    ...{ method: 'DELETE', path: `/v1/user/sessions/${sidOf(other.token)}`, token },
  })),
  'change the password': request('secret', 200, 401, ({ own: { token } }) => ({
    ...{ method: 'PUT', path: '/v1/user/secret', token, body: changed },
  })),
  'change the password, and end API keys': request('secret_and_keys', 200, 401, ({ own: { token } }) => ({
    ...{ method: 'PUT', path: '/v1/user/secret', token, body: { ...changed, end_api_keys: true } },
  })),
  'make an API key': repeating(
    request('api_key_made', 201, 201, ({ own: { token } }) => ({
      ...{ path: '/v1/user/api-keys', token, body: { name: 'another program' } },
    })),
  ),
  'end an API key': request('api_key_ended', 202, 404, ({ own: { token }, key }) => ({
    ...{ method: 'DELETE', path: `/v1/user/api-keys/${key.id}`, token },
  })),
  rename: repeating(
    request('nickname', 200, 200, ({ own: { token } }) => ({
      ...{ method: 'PATCH', path: '/v1/user', token, body: { nickname: 'another name' } },
    })),
  ),
  'delete the user': request('delete', 202, 401, ({ own: { token } }) => ({
    ...{ method: 'DELETE', path: '/v1/user', token },
  })),
  'latchkey user add': adding,
  'latchkey user role': command('role', ({ uid }) => ['user', 'role', String(uid), 'admin']),
  'latchkey user disable': command('disable', ({ uid }) => ['user', 'disable', String(uid)]),
  'latchkey key rotate': rotating,
}

export const operations: readonly Operation[] = Object.entries(all).map(([name, operation]) => ({ name, ...operation }))
