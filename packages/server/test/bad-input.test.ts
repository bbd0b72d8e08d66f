/** What is malformed gets the error of the table: never a 500, never a hang, never a stack, never the value. */
import { beforeAll, describe, expect, it } from 'vitest'
import { ann, secret, useServer } from './server.js'

const server = useServer()
const login = { account: ann.account, secret, type: 100 }

beforeAll(async () => {
  expect((await server.post('/v1/client/register', ann)).status).toBe(201)
})

const routes = {
  '/v1/client/register': ann,
  '/v1/token': login,
  '/v1/token/secret': { token: 'x' },
} as const

async function reasons(path: string, body: unknown) {
  const { status, json, headers } = await server.post(path, body)
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect([path, status, json.code, json.error_code]).toEqual([path, 400, 'parameter_invalid', 1000])
  return json.msg as Record<string, string[]>
}

describe('a body of JSON', () => {
  it.each(Object.keys(routes))('%s: refuses what is no object, or no JSON, or no strict JSON', async (path) => {
    const object = { body: ['must be a JSON object'] }
    expect(await reasons(path, '[]')).toEqual(object)
    expect(await reasons(path, '[{"account":"a"}]')).toEqual(object)
    expect(await reasons(path, 'null')).toEqual(object)
    expect(await reasons(path, '"text"')).toEqual(object)
    expect(await reasons(path, '100')).toEqual(object)
    const json = { body: ['must be valid JSON'] }
    for (const text of ['', '{', '{"a":1,}', "{'a':1}", '{"a":01}', '{"a":NaN}', 'account=a', '{}{}', '\u00a0{}']) {
      expect([text, await reasons(path, text)]).toEqual([text, json])
    }
    expect(await reasons(path, '\ufeff{}')).toEqual({ body: ['must not begin with a byte order mark'] })
    expect(await reasons(path, `${'['.repeat(50_000)}`)).toEqual(json)
    expect(await reasons(path, `${'['.repeat(30_000)}${']'.repeat(30_000)}`)).toEqual({
      body: ['must not be nested deeper than 32 levels'],
    })
  })

  it('refuses bytes that are not UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"token":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}')])
    const headers = { 'content-type': 'application/json' }
    const { status, json } = await server.ask('POST', '/v1/token/secret', { headers, body })
    expect([status, json.msg]).toEqual([400, { body: ['must be UTF-8'] }])
  })

  it('names the field of a repeated key, a lone surrogate, __proto__, and a number beyond a double', async () => {
    const account = '"account":"ann@example.org"'
    const repeated = `{${account},"secret":"a","type":100,${account}}`
    expect(await reasons('/v1/token', repeated)).toEqual({ account: ['must not be repeated'] })
    const escaped = `{${account},"\\u0061ccount":"b","secret":"a","type":100}`
    expect(await reasons('/v1/token', escaped)).toEqual({ account: ['must not be repeated'] })
    const lone = '{"account":"a","secret":"\\ud800","type":100}'
    expect(await reasons('/v1/token', lone)).toEqual({ secret: ['must be well-formed Unicode'] })
    const proto = '{"account":"a","secret":"a","type":100,"__proto__":{"type":100}}'
    expect(await reasons('/v1/token', proto)).toEqual({ ['__proto__']: ['must not be sent'] })
    expect(await reasons('/v1/token', '{"type":1e999}')).toEqual({ type: ['must be a number that fits a double'] })
  })

  it('names each field that is missing or of the wrong type, and none of the reasons holds the value', async () => {
    expect(await reasons('/v1/token', { account: { $gt: '' } })).toEqual({
      account: ['must be a text'],
      secret: ['is required'],
      type: ['is required'],
    })
    const typed = (type: unknown) => reasons('/v1/token', { ...login, type })
    for (const type of ['100', 100.9, true, null, [100], {}, 1e300]) {
      expect([type, await typed(type)]).toEqual([type, { type: ['must be a whole number'] }])
    }
    for (const value of [1, null, true, [], {}, ['a']]) {
      expect(await reasons('/v1/token', { ...login, secret: value })).toEqual({ secret: ['must be a text'] })
      expect(await reasons('/v1/token/secret', { token: value })).toEqual({ token: ['must be a text'] })
    }
    const nicknamed = await reasons('/v1/client/register', { ...ann, nickname: 7 })
    expect(nicknamed).toEqual({ nickname: ['must be a text'] })
    expect(await reasons('/v1/token', { ...login, audience: 'orders' })).toEqual({
      audience: ['must be a list of texts'],
    })
    expect(await reasons('/v1/token', { ...login, audience: [1] })).toEqual({ audience: ['must be a list of texts'] })
    const others = await reasons('/v1/token', { ...login, audience: ['others'] })
    expect(others).toEqual({ audience: ['must be one or more of the configured audiences'] })
  })

  it('reports unknown members under their own names, shortened, and not all of thousands', async () => {
    expect(await reasons('/v1/token', { ...login, extra: 1, constructor: 2 })).toEqual({
      extra: ['is not known here'],
      constructor: ['is not known here'],
    })
    const long = await reasons('/v1/token', { ...login, [`k\u0000é${'x'.repeat(200)}`]: 1 })
    expect(Object.keys(long)).toEqual([`k??${'x'.repeat(61)}`])
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`k${i}`, 0]))
    expect(Object.keys(await reasons('/v1/token', many))).toHaveLength(20)
  })

  it('applies the rules of account, secret and nickname, each under its own name', async () => {
    const refused = await reasons('/v1/client/register', {
      account: 'nobody',
      secret: 'short',
      type: 100,
      nickname: 'x',
    })
    expect(refused).toEqual({
      account: ['must be an email address such as name@example.org'],
      secret: ['must be 8 to 128 characters long'],
      nickname: ['must be 2 to 24 characters long'],
    })
    const common = await reasons('/v1/client/register', { ...ann, account: 'b@example.org', secret: 'password1' })
    expect(common).toEqual({ secret: ['must not be one of the most common passwords'] })
    for (const value of ['', 'x'.repeat(5000)]) {
      const wrong = await reasons('/v1/token', { ...login, secret: value, account: value })
      expect(Object.keys(wrong)).toEqual(['account', 'secret'])
    }
  })

  it('never repeats a secret or token that was sent', async () => {
    const marker = 'S3CRET-marker-value'
    const bodies: unknown[] = [
      { account: marker, secret: marker, type: 100, nickname: marker.repeat(3) },
      { account: [marker], secret: [marker], type: marker },
      { token: marker },
      `{"secret":"${marker}`,
      `{"secret":"${marker}","secret":"${marker}"}`,
    ]
    for (const path of Object.keys(routes)) {
      for (const body of bodies) expect((await server.post(path, body)).text).not.toContain(marker)
    }
    const { text } = await server.ask('GET', '/v1/user', { headers: { authorization: `Bearer ${marker}` } })
    expect(text).not.toContain(marker)
    expect(server.log.join()).not.toContain(marker)
  })
})

describe('a text that others are shown', () => {
  const token = { now: '' }
  beforeAll(async () => {
    token.now = await server.logIn()
  })
  const send = (method: string, path: string, body: object) =>
    server.ask(method, path, {
      token: token.now,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const texts: Record<string, (text: string) => ReturnType<typeof send>> = {
    nickname: (nickname) => send('PATCH', '/v1/user', { nickname }),
    device: (device) => server.post('/v1/token', { ...login, device }),
    name: (name) => send('POST', '/v1/user/api-keys', { name }),
  }
  const hidden = [
    ...['\0', '\t', '\n', '\u001b', '\u007f', '\u0085', '\u2028', '\u2029'],
    // Unicode's Bidi_Control: what follows is shown in another order than it is written in.
    ...['\u061c', '\u200e', '\u200f', '\u202a', '\u202b', '\u202c', '\u202d', '\u202e'],
    ...['\u2066', '\u2067', '\u2068', '\u2069'],
  ]

  it.each(Object.keys(texts))(
    '%s: holds no control character, also none of those that turn what is read',
    async (member) => {
      for (const character of hidden) {
        const { status, json } = await (texts[member] as (typeof texts)[string])(`ab${character}cd`)
        expect([JSON.stringify(character), status, Object.keys(json.msg)]).toEqual([
          ...[JSON.stringify(character), 400, [member]],
        ])
      }
      for (const text of ['אבג ابج', 'e\u0301tude', '👩\u200d💻 at work']) {
        expect([text, (await (texts[member] as (typeof texts)[string])(text)).status < 300]).toEqual([text, true])
      }
    },
  )
})

describe('a body made to be slow', () => {
  const marks = `a${'\u0301'.repeat(15_700)}${'\u0316'.repeat(15_700)}`
  it.each([
    ['/v1/token', 'a list of thousands of wrong audiences', { ...login, audience: Array(32_000).fill(1) }],
    [
      '/v1/token',
      'thousands of unknown members',
      Object.fromEntries(Array.from({ length: 4500 }, (_, i) => [`é${i}`, 1])),
    ],
    ['/v1/client/register', 'a nickname of combining marks', { ...ann, nickname: marks }],
    ['/v1/client/register', 'an account of combining marks', { ...ann, account: `${marks}@example.org` }],
  ])('%s: %s stops nobody else, and the answer is short', async (path, _, body) => {
    const text = JSON.stringify(body)
    await server.post(path, text)
    const began = performance.now()
    const answer = await server.post(path, text)
    expect(performance.now() - began).toBeLessThan(400)
    expect([answer.status, answer.json.code, answer.text.length < 3000]).toEqual([400, 'parameter_invalid', true])
  })
})

describe('the query', () => {
  it('overrides and adds nothing, and is not repeated in an answer', async () => {
    const query = '?account=bob%40example.org&secret=other&type=999&data=1'
    expect((await server.post(`/v1/token${query}`, login)).status).toBe(201)
    const { status, json, text } = await server.post('/v1/token?secret=a%20long%20passphrase', {
      account: ann.account,
      type: 100,
    })
    expect([status, json.msg]).toEqual([400, { secret: ['is required'] }])
    expect(text).not.toContain('passphrase')
    expect(json.request).toBe('POST /v1/token')
  })

  it('carries no token', async () => {
    const token = await server.logIn()
    expect((await server.ask('GET', `/v1/user?access_token=${token}`)).status).toBe(401)
    const two = await server.ask('GET', `/v1/user?access_token=${token}`, { token })
    expect([two.status, two.json.code]).toEqual([400, 'parameter_invalid'])
  })
})

describe('a content type', () => {
  it.each([
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'application/problem+json',
    'application/json, text/plain',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'json',
  ])('%s is refused with 415', async (type) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    const { status, json } = await server.ask('POST', '/v1/token', { headers, body: JSON.stringify(login) })
    expect([status, json.code, json.error_code, json.request]).toEqual([415, 'http_error', 1007, 'POST /v1/token'])
  })

  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json ; charset=utf-8',
    'application/json;',
    'application/json; profile="a"',
  ])('%s is taken', async (type) => {
    const headers = { 'content-type': type }
    expect((await server.ask('POST', '/v1/token', { headers, body: JSON.stringify(login) })).status).toBe(201)
  })

  it('with a compressed body is refused with 415', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    expect((await server.ask('POST', '/v1/token', { headers, body: 'x' })).status).toBe(415)
  })
})

describe('the uid in a path', () => {
  it('that no user can have is not_found, once the token is right', async () => {
    await server.post('/v1/client/register', { ...ann, account: 'admin@example.org' })
    expect(await server.run('user', 'role', 'admin@example.org', 'admin')).toBe(0)
    const token = await server.logIn('admin@example.org')
    const absurd = ['0', '01', '-1', '1.0', '1e0', 'abc', '%zz', '%00', '%2F', '1%20', '%D9%A3', '9007199254740993']
    for (const uid of [...absurd, '9'.repeat(40), '9'.repeat(5000), '99', '%C3%28', "1'--", '%', '__proto__']) {
      for (const method of ['GET', 'DELETE']) {
        const { status, json } = await server.ask(method, `/v1/user/${uid}`, { token })
        expect([uid, status, json.code, json.error_code]).toEqual([uid, 404, 'not_found', 1001])
      }
    }
    expect((await server.ask('GET', '/v1/user/1', { token })).json.account).toBe(ann.account)
  })
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
