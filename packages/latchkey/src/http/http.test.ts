/** What `latchkey/http` reads and writes, for those who build upon it. */
import { describe, expect, it } from 'vitest'
import { LatchkeyError } from '../errors.js'
import { isPlainBearer } from './authorization-header.js'
import { challenge, describeRequest, parseStrictJson, problem, readAuthorization } from './index.js'

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64')
const bearer = (token: string) => ({ kind: 'token', scheme: 'bearer', token })
const basic = (token: string, password = '') => ({ kind: 'token', scheme: 'basic', token, password })

describe('an Authorization header', () => {
  it.each([
    [[], { kind: 'none' }],
    [['Bearer abc'], bearer('abc')],
    [['Bearer   abc'], bearer('abc')],
    [['bEARER abc'], bearer('abc')],
    [['Bearer a b'], bearer('a b')],
    [[`Basic ${base64('abc:')}`], basic('abc')],
    [[`BASIC  ${base64('abc:a:b')}`], basic('abc', 'a:b')],
    [['Digest username="ann"'], { kind: 'foreign' }],
    [['Token bearer'], { kind: 'foreign' }],
    [['xBearer abc'], { kind: 'foreign' }],
    [['Bearerabc'], { kind: 'foreign' }],
    [[''], { kind: 'foreign' }],
    [['Digest a', 'Digest b'], { kind: 'foreign' }],
    [['Bearer abc', 'Bearer abc'], { kind: 'several' }],
    [['bearer abc', 'bearer abc'], { kind: 'several' }],
    [['Bearer abc,Digest a'], { kind: 'several' }],
    [['Digest a', 'Bearer abc'], { kind: 'several' }],
    [['Digest a, bearer'], { kind: 'several' }],
    [['Digest a,Basic,Digest b'], { kind: 'several' }],
    [['Digest a, Bearerabc'], { kind: 'foreign' }],
  ])('%j is %j', (lines, credentials) => {
    expect(readAuthorization(lines)).toEqual(credentials)
  })

  const canonical = 'Basic must be followed by canonical base64 with its padding'
  it.each([
    ['Bearer', 'bearer', 'Bearer must be followed by a token'],
    ['Bearer ', 'bearer', 'Bearer must be followed by a token'],
    ['Basic', 'basic', canonical],
    ['Basic ', 'basic', canonical],
    ['Basic YWJjOg', 'basic', canonical],
    ['Basic YWJjOh==', 'basic', canonical],
    [`Basic ${base64(Uint8Array.of(0xff, 0x3a))}`, 'basic', 'Basic must hold UTF-8'],
    [`Basic ${base64('abc:\x1f')}`, 'basic', 'Basic must not hold control characters'],
    [`Basic ${base64('\x7f:')}`, 'basic', 'Basic must not hold control characters'],
    [`Basic ${base64('abc')}`, 'basic', 'Basic must hold the token and a colon after it'],
    [`Basic ${base64(':abc')}`, 'basic', 'Basic must hold the token before the colon'],
  ])('%s is malformed', (line, scheme, reason) => {
    expect(readAuthorization([line])).toEqual({ kind: 'malformed', scheme, reason })
  })

  it('may hold a space or a tilde in Basic: they are no control characters', () => {
    expect(readAuthorization([`Basic ${base64(' ~:')}`])).toEqual(basic(' ~'))
  })

  it('is plain as nearly every client writes it, and not in other letters or with more spaces', () => {
    const isPlain = (line: string) => isPlainBearer(line, 'abc')
    expect(['Bearer abc', 'bearer abc', 'Bearer  abc', 'Bearer abcd', 'abc'].map(isPlain)).toEqual([
      ...[true, false, false, false, false],
    ])
  })
})

describe('a challenge', () => {
  it('offers Basic beside Bearer where it is asked for, and only to those who are not known', () => {
    const [unknown, forbidden] = [new LatchkeyError('token_invalid'), new LatchkeyError('forbidden')]
    const own = unknown.headers['www-authenticate']
    expect(own).toMatch(/^Bearer /)
    expect(challenge(unknown, { basic: false })).toBe(own)
    expect(challenge(unknown, { basic: true })).toBe(`${own}, Basic realm="latchkey", charset="UTF-8"`)
    expect(challenge(forbidden, { basic: true })).toBe(forbidden.headers['www-authenticate'])
    expect(challenge(new LatchkeyError('busy'), { basic: true })).toBeUndefined()
  })
})

describe('a problem', () => {
  it('of a row that is not there says what the query said; of what only looks like it, nothing', () => {
    const notFound = Object.assign(new Error('no such order'), { name: 'NotFound', code: 'not_found' })
    expect(problem(notFound)).toMatchObject({ code: 'not_found', status: 404 })
    expect(JSON.parse(problem(notFound).body).detail).toBe('no such order')
    for (const other of [{ name: 'NotFound' }, { code: 'not_found' }, { name: 'Error', code: 'not_found' }, null]) {
      expect(problem(other)).toMatchObject({ code: 'server_error', status: 500 })
    }
  })

  it('has another challenge where one is given', () => {
    const { headers } = problem(new LatchkeyError('token_invalid'), 'GET /', 'Bearer')
    expect(headers).toMatchObject({ 'www-authenticate': 'Bearer', 'cache-control': 'no-store' })
  })
})

it.each([
  ['/v1/user?access_token=abc', 'GET /v1/user'],
  ['/v1/user#part', 'GET /v1/user'],
  ['?a', 'GET '],
  ['http://ann@id.example:80/v1/user?a', 'GET /v1/user'],
  ['HTTPS://id.example', 'GET /'],
  ['http://id.example/', 'GET /'],
  ['/login/https://id.example/', 'GET /login/https://id.example/'],
  ['a/https://id.example/', 'GET a/https://id.example/'],
  ['*', 'GET *'],
])('the request target %s is told as %s', (target, told) => {
  expect(describeRequest('GET', target)).toBe(told)
})

describe('a body', () => {
  it('is read from text and from bytes alike', () => {
    const value = { a: ['ä', 1, null] }
    expect(parseStrictJson(JSON.stringify(value))).toEqual(value)
    expect(parseStrictJson(Buffer.from(JSON.stringify(value)))).toEqual(value)
  })

  it.each([
    [Uint8Array.of(0x22, 0xff, 0x22), 'body', 'must be UTF-8'],
    ['{"a":1', 'body', /JSON/],
    ['{"a":1,"a":2}', 'a', /repeated/],
  ])('%j is refused by its field and the reason', (body, field, reason) => {
    let refusal: unknown
    try {
      parseStrictJson(body)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(LatchkeyError)
    const { code, detail, msg } = JSON.parse(problem(refusal).body)
    expect([code, Object.keys(msg)]).toEqual(['parameter_invalid', [field]])
    expect(msg[field]).toEqual([expect.stringMatching(reason)])
    expect(detail).toBe(`${field} ${msg[field][0]}`)
  })
})
