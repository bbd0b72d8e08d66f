/** What OAuth clients send, by hand: forms, Basic, and the API keys that are in it. */
import { expect } from 'vitest'
import { type Answer, ask, type Fixture } from '../server.js'

export interface Key {
  readonly id: string
  readonly key: string
}

/** An API key of whoever the token is of. */
export async function makeKey(server: Fixture, token: string, form: object = {}): Promise<Key> {
  const { status, json } = await server.ask('POST', '/v1/user/api-keys', {
    token,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'program', ...form }),
  })
  expect(status).toBe(201)
  return json
}

export function sendForm(
  url: string,
  path: string,
  body: Readonly<Record<string, string>> | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return ask(url, 'POST', path, {
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(body).toString(),
  })
}

export const base64 = (text: string) => Buffer.from(text).toString('base64')
export const basic = (id: string, key: string) => ({ authorization: `Basic ${base64(`${id}:${key}`)}` })
