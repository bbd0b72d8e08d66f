/** Every place of a request in which a client can put a credential, for each route of the API. */
import type { Operation } from '../routes/operations.js'
import type { AskOptions } from '../server.js'

export interface Placed extends AskOptions {
  readonly method: string
  readonly path: string
  /** The answer may say again where the request went, and names the members that it does not know. */
  readonly isEchoed?: boolean
}

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }
/** Labels, which the documentation says are stored and shown. */
const labels = ['device', 'nickname', 'name']

/** Requests to a route, each with the credential in another place; `token` is good, of a user that may be lost. */
export function placesOf(
  { method, path, properties }: Operation,
  credential: string,
  token: string,
): readonly Placed[] {
  const members = Object.keys(properties)
  const encoded = encodeURIComponent(credential)
  const plain = path.replace(/\{\w+\}/, '1')
  const to = (options: AskOptions): Placed => ({ method, path: plain, ...options })
  const filled = path.includes('{') ? [{ method, path: path.replace(/\{\w+\}/, encoded), token, isEchoed: true }] : []
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
  const authorizations = [
    ...['Bearer', 'bearer', 'BEARER', 'Bearer ', 'Token', 'Digest', 'Negotiate'].map(
      (scheme) => `${scheme} ${credential}`,
    ),
    ...[`${credential}:`, `:${credential}`, `ann@example.org:${credential}`, `${credential}:${credential}`].map(basic),
    ...[
      credential,
      `Basic ${credential}`,
      `Bearer ${credential} ${credential}`,
      `Bearer ${credential}, Basic ${credential}`,
    ],
  ]
  // What is hexadecimal is taken for the id that a trusted proxy gave, and logged as such.
  const isId = /^[0-9a-f-]+$/i.test(credential)
  const headers = ['cookie', 'x-api-key', 'x-access-token', 'user-agent', 'referer', 'x-request-id', 'x-forwarded-for']
  return [
    ...filled,
    { method, path: `${plain}/${encoded}`, isEchoed: true },
    { method, path: `/${encoded}${plain}`, isEchoed: true },
    ...['access_token', 'token', 'secret', 'after', 'v'].map((name) => ({
      method,
      path: `${plain}?${name}=${encoded}`,
    })),
    ...authorizations.map((authorization) => to({ headers: { authorization } })),
    ...headers
      .filter((name) => !isId || name !== 'x-request-id')
      .map((name) => to({ headers: { [name]: name === 'cookie' ? `session=${encoded}` : credential } })),
    to({ headers: { 'content-type': credential }, body: '{}' }),
    ...(members.length > 0 || method !== 'GET'
      ? bodies(members, credential).map((body) => to({ ...body, token }))
      : []),
    // Beside a token a form that says which client it is of is refused before that is looked for.
    ...(members.includes('client_secret') ? bodies(members, credential).map(to) : []),
    { ...to({ headers: json, body: JSON.stringify({ [credential]: 1 }), token }), isEchoed: true },
  ]
}

function bodies(members: readonly string[], credential: string): readonly AskOptions[] {
  const all = [...members, 'password', 'token', 'secret'].filter((name) => !labels.includes(name))
  const whole = (value: unknown) => JSON.stringify(Object.fromEntries(all.map((name) => [name, value])))
  const login = { account: 'ann@example.org', secret: credential, type: 100, account_id: credential }
  const pairs = (names: readonly string[]) => new URLSearchParams(names.map((name) => [name, credential])).toString()
  return [
    ...[whole(credential), whole([credential]), whole({ a: credential }), JSON.stringify(login)].map((body) => ({
      headers: json,
      body,
    })),
    { headers: json, body: whole(credential).slice(0, -3) },
    { headers: json, body: `{"secret":"${credential}","secret":"${credential}"}` },
    { headers: json, body: credential },
    { headers: form, body: pairs(all) },
    { headers: form, body: pairs(['grant_type', 'client_id', 'client_secret']) },
    {
      headers: form,
      body: `grant_type=client_credentials&client_id=AAAAAAAAAAAAAAAAAAAAAA&client_secret=${encodeURIComponent(credential)}`,
    },
    { headers: form, body: `token=${credential}&token=${credential}&%zz=${credential}` },
    { headers: { 'content-type': 'text/plain' }, body: credential },
  ]
}

/** What no HTTP client sends. */
export function malformed(credential: string): readonly string[] {
  const head = 'GET /v1/user HTTP/1.1\r\nhost: localhost\r\n'
  return [
    `${credential} / HTTP/1.1\r\n\r\n`,
    `GET /${credential} HTTP/9.9\r\n\r\n`,
    `${head}authorization: Bearer ${credential}\r\nauthorization: Bearer ${credential}\r\n\r\n`,
    `${head}authorization: Bearer ${credential}\r\n${credential}\r\n\r\n`,
    `${head}authorization: Bearer ${credential}\0\r\n\r\n`,
    `${head}host: ${credential}\r\n\r\n`,
    `${head}expect: ${credential}\r\n\r\n`,
    `${head}cookie: ${`${credential};`.repeat(600)}\r\n\r\n`,
    `GET http://${credential}@localhost/v1/user?access_token=${credential} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
    `POST /v1/token HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n${credential}\r\n`,
  ]
}
