/** How OAuth clients say who they are (RFC 6749 section 2.3.1, RFC 7617): every door reads it alike, and as guards read Basic. */
import { beforeAll, describe, expect, it } from 'vitest'
import { base64, basic, type Key, makeKey, sendForm } from './oauth/clients.js'
import { type Answer, ann, ask, useServer } from './server.js'
import { exchange, statusOf } from './socket.js'

const server = useServer({ feedAccess: 'key' })
let token: string
let client: Key
let other: Key
beforeAll(async () => {
  await server.post('/v1/client/register', ann)
  await server.run('user', 'role', ann.account, 'admin')
  token = await server.logIn()
  client = await makeKey(server, token)
  other = await makeKey(server, token)
})

type Headers = Readonly<Record<string, string>>
type Form = Readonly<Record<string, string>>
/** Each answers 200 to who may come in. */
const forms: Record<string, Form> = {
  '/oauth/token': { grant_type: 'client_credentials' },
  '/v1/token/introspect': { token: 'x' },
}
const knock = (door: string, headers: Headers, form: Form = {}): Promise<Answer> =>
  forms[door] === undefined
    ? ask(server.url, 'GET', door, { headers })
    : sendForm(server.url, door, { ...forms[door], ...form }, headers)

const withForms = Object.keys(forms)
const clientDoors = [...withForms, '/v1/revocations']
const doors = [...clientDoors, '/v1/user']
/** What lets somebody in by Basic: at a guard it is a token. */
const pairFor = (door: string) => (door === '/v1/user' ? `${token}:` : `${client.id}:${client.key}`)

/** With padding, and so with unused bits: of a pair that fills its base64 one letter is written as in a form. */
function paddedPair(door: string): string {
  const pair = pairFor(door)
  if (pair.length % 3 !== 0) return pair
  return door === '/v1/user' ? `${pair}x` : `%${pair.charCodeAt(0).toString(16)}${pair.slice(1)}`
}
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
function withOtherUnusedBits(text: string): string {
  const [, before, last, padding] = /^(.*)([^=])(=+)$/.exec(text) as unknown as [string, string, string, string]
  return `${before}${alphabet[alphabet.indexOf(last) + 1]}${padding}`
}

describe.each(doors)('Basic at %s', (door) => {
  it.each([
    ['as nearly every client writes it', (text: string) => `Basic ${text}`],
    ['in small letters', (text: string) => `basic ${text}`],
    ['in capital letters', (text: string) => `BASIC ${text}`],
    ['with two spaces', (text: string) => `Basic  ${text}`],
  ])('%s is taken', async (_, write) => {
    for (const pair of [pairFor(door), paddedPair(door)]) {
      expect((await knock(door, { authorization: write(base64(pair)) })).status).toBe(200)
    }
  })

  it.each([
    ['a tab', (text: string) => `Basic\t${text}`],
    ['no space', (text: string) => `Basic${text}`],
    ['another scheme', (text: string) => `Basics ${text}`],
    ['nothing behind it', () => 'Basic'],
    ['an empty pair', () => 'Basic Og=='],
    ['an empty name', () => 'Basic OnB3'],
    ['no colon', (_: string, pair: string) => `Basic ${base64(pair.replace(':', ''))}`],
    ['no padding', (text: string) => `Basic ${text.replace(/=+$/, '')}`],
    ['too much padding', (text: string) => `Basic ${text}=`],
    ['other unused bits', (text: string) => `Basic ${withOtherUnusedBits(text)}`],
    ['a space inside', (text: string) => `Basic ${text.slice(0, 8)} ${text.slice(8)}`],
    ['a byte behind it', (text: string) => `Basic ${text}A`],
    ['a control character in the password', (_: string, pair: string) => `Basic ${base64(`${pair}\x1f`)}`],
  ])('with %s is 401', async (_, write) => {
    const pair = paddedPair(door)
    const text = base64(pair)
    expect(text).toMatch(/[^=]=+$/)
    // Node would read it as the right one.
    expect(Buffer.from(withOtherUnusedBits(text), 'base64').toString()).toBe(pair)
    expect(withOtherUnusedBits(text)).not.toBe(text)
    const { status, headers } = await knock(door, { authorization: write(text, pair) })
    expect([status, headers.has('www-authenticate')]).toEqual([401, true])
  })

  it('is refused beside another Authorization line, whichever comes first', async () => {
    const right = `Authorization: Basic ${base64(pairFor(door))}`
    for (const wrong of ['Authorization: Basic Og==', 'Authorization: Bearer x', 'authorization: Digest x', right]) {
      for (const lines of [
        [right, wrong],
        [wrong, right],
      ]) {
        expect(statusOf(await exchange(server.port, written(door, lines)))).toBe(door === '/oauth/token' ? 401 : 400)
      }
    }
    expect(statusOf(await exchange(server.port, written(door, [right])))).toBe(200)
  })
})

function written(door: string, lines: readonly string[]): string {
  const form = forms[door] && new URLSearchParams(forms[door]).toString()
  const type = ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${form?.length}`]
  const head = [`${form ? 'POST' : 'GET'} ${door} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...lines]
  return `${[...head, ...(form ? type : [])].join('\r\n')}\r\n\r\n${form ?? ''}`
}

it.each(clientDoors)('the id of a client alone, and with the key of another, is 401 at %s', async (door) => {
  for (const secret of ['', other.key]) expect((await knock(door, basic(client.id, secret))).status).toBe(401)
})

describe.each(withForms)('%s', (door) => {
  const post = () => ({ client_id: client.id, client_secret: client.key })

  it('takes the pair from the form, and Basic beside the same client_id', async () => {
    expect((await knock(door, {}, post())).status).toBe(200)
    expect((await knock(door, basic(client.id, client.key), { client_id: client.id })).status).toBe(200)
  })

  it.each([
    ['Basic', () => basic(client.id, client.key)],
    ['Bearer', () => ({ authorization: `Bearer ${token}` })],
    ['Bearer that is none', () => ({ authorization: 'Bearer x' })],
    ['another scheme', () => ({ authorization: 'Digest x' })],
  ])('refuses a client_secret beside %s', async (_, headers) => {
    const { status, json } = await knock(door, headers(), post())
    expect([status, json.error, Object.keys(json.msg)]).toEqual([400, 'invalid_request', ['client_secret']])
  })

  it('refuses another client_id beside Basic, that of a good client too', async () => {
    for (const client_id of [other.id, 'x', client.id.toLowerCase()]) {
      const { status, json } = await knock(door, basic(client.id, client.key), { client_id })
      expect([status, json.error, Object.keys(json.msg)]).toEqual([400, 'invalid_request', ['client_id']])
    }
  })
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
