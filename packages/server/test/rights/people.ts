/** Who asks, and whom it is about: each with a login, an API key and a role, made over HTTP. */
import { expect } from 'vitest'
import type { Accounts } from '../../src/accounts/accounts.js'
import { ann, type Fixture, secret } from '../server.js'

export interface Person {
  readonly uid: string
  readonly account: string
  /** What it asks with; undefined: nothing. */
  readonly token: string | undefined
  readonly refresh_token: string
  /** Its login, and its API key. */
  readonly sid: string
  readonly id: string
  readonly key: string
}

export const callers = ['nobody', 'user', 'reader', 'admin', 'key', 'disabled', 'deleted'] as const
export type Caller = (typeof callers)[number]

export interface People {
  /** The one of before, unless it was let go. */
  get(caller: Caller | 'other'): Promise<Person>
  /** The next `get` makes another one. */
  letGo(caller: Caller | 'other'): void
}

/** `accounts`: as by the command line, which gives roles and disables users. */
export function createPeople(server: Fixture, accounts: () => Accounts): People {
  const known = new Map<string, Promise<Person>>()
  let count = 0

  async function make(role: string): Promise<Person & { readonly token: string }> {
    const account = `person${++count}@example.org`
    const form = { ...ann, account, nickname: `nick of ${count}` }
    const { uid } = (await server.post('/v1/client/register', form)).json
    if (role !== 'user') await accounts().setRole(uid, role)
    const { token, refresh_token } = (await server.post('/v1/token', { account, secret, type: 100 })).json
    const { sid } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString())
    const { id, key } = (await send(token, 'POST', '/v1/user/api-keys', { name: 'one', scope: 'user:read' })).json
    return { ...{ uid, account, token, refresh_token, sid, id, key } }
  }

  const makers: Record<Caller | 'other', () => Promise<Person>> = {
    other: () => make('user'),
    user: () => make('user'),
    reader: () => make('reader'),
    admin: () => make('admin'),
    // Of an administrator, who may do everything: what is refused, the key's scope refuses.
    async key() {
      const owner = await make('admin')
      const { token } = (await server.post('/v1/token', { account: owner.id, secret: owner.key, type: 300 })).json
      return { ...owner, token }
    },
    async nobody() {
      return { ...(await make('user')), token: undefined }
    },
    async disabled() {
      const person = await make('admin')
      await accounts().disable(person.uid)
      return untilRefused(person)
    },
    async deleted() {
      const person = await make('admin')
      await send(person.token, 'DELETE', '/v1/user')
      return untilRefused(person)
    },
  }

  const send = (token: string, method: string, path: string, body?: object) =>
    server.ask(method, path, {
      ...{ token, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) },
    })

  async function untilRefused(person: Person & { readonly token: string }): Promise<Person> {
    await expect.poll(async () => (await send(person.token, 'GET', '/v1/user')).json.code).toBe('token_revoked')
    return person
  }

  return {
    get(caller) {
      const person = known.get(caller) ?? makers[caller]()
      known.set(caller, person)
      return person
    },
    letGo: (caller) => void known.delete(caller),
  }
}
