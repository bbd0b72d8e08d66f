/** Rows 15, 16 and 18 to 21 of the threat list: JSON, comparisons and headers that brought others down. */
import { readdirSync, readFileSync } from 'node:fs'
import { parseStrictJson, readAuthorization } from 'latchkey/http'
import { verifyCompact } from 'latchkey/jws'
import { describe, expect, it } from 'vitest'
import { equalConstantTime } from '../dist/encoding/index.js'
import { claims, headerOf, rawSigner, refusalOf } from './fixtures.js'
import { badBytes, notJson, notStrict, rightClaims } from './fuzz/broken-claims.js'
import { decide, issue, key, statusOf, subject, verify } from './threats.js'

describe('row 15: JSON that parsers read differently', () => {
  const sign = rawSigner(key)
  const header = JSON.stringify(headerOf(key))

  it('refuses it as a payload and as a header, under a right signature', () => {
    expect(verify(sign(header, rightClaims())).user.uid).toBe('7')
    for (const text of [...notStrict.map((member) => rightClaims(member)), ...notJson]) {
      expect(
        refusalOf(() => verify(sign(header, text))),
        text,
      ).toBe('token_invalid')
    }
    for (const member of notStrict) {
      const token = sign(`${header.slice(0, -1)},${member}}`, rightClaims())
      expect(
        refusalOf(() => verify(token)),
        member,
      ).toBe('token_invalid')
      expect(
        refusalOf(() => verifyCompact(token, key)),
        member,
      ).toBe('token_invalid')
    }
  })

  it('refuses bad UTF-8 in both, and as a body', () => {
    for (const bytes of badBytes) {
      const damage = (text: string) =>
        Buffer.concat([Buffer.from(text.slice(0, -2)), Buffer.from(bytes), Buffer.from(text.slice(-2))])
      expect(refusalOf(() => verify(sign(damage(header), rightClaims())))).toBe('token_invalid')
      expect(refusalOf(() => verify(sign(header, damage(rightClaims('"x":""')))))).toBe('token_invalid')
      expect(refusalOf(() => parseStrictJson(damage('{"x":""}')))).toBe('parameter_invalid')
    }
  })
})

describe('row 16: __proto__ and members nobody asked for', () => {
  it('leaves Object.prototype as it is, whatever a token or body holds', () => {
    const before = Object.getOwnPropertyNames(Object.prototype).sort()
    const members = [
      '"__proto__":{"scope":"*:*"}',
      '"constructor":{"prototype":{"scope":"*:*"}}',
      '"prototype":{}',
      '"toString":0',
    ]
    for (const member of members) {
      refusalOf(() => verify(rawSigner(key)(JSON.stringify(headerOf(key)), rightClaims(member))))
      refusalOf(() => parseStrictJson(`{${member}}`))
    }
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before)
    expect(({} as { scope?: string }).scope).toBeUndefined()
  })

  it('gives the user the six members of a token, and nothing a claim adds', () => {
    const more = rightClaims(
      '"role":"admin","id":1,"uid":"1","scopes":["*:*"],"user":{"uid":"1"},"verified":true,"constructor":{}',
    )
    const { user } = verify(rawSigner(key)(JSON.stringify(headerOf(key)), more))
    expect(Object.keys(user).sort()).toEqual(['clientType', 'expiresAt', 'issuedAt', 'scopes', 'sid', 'uid'])
    expect([user.uid, user.scopes.join(' ')]).toEqual([claims.sub, claims.scope])
  })
})

describe('row 18: secrets compared with an early exit', () => {
  it('reads every character, wherever two signatures differ', () => {
    const counted = (text: string) => {
      const reader = {
        length: text.length,
        reads: 0,
        charCodeAt(at: number) {
          reader.reads += 1
          return text.charCodeAt(at)
        },
      }
      return reader
    }
    const right = 'A'.repeat(43)
    for (const at of [0, 1, 21, 41, 42]) {
      const wrong = counted(`${right.slice(0, at)}B${right.slice(at + 1)}`)
      expect(equalConstantTime(right, wrong as unknown as string)).toBe(false)
      expect(wrong.reads).toBe(43)
    }
    for (const other of ['', 'A'.repeat(42), 'A'.repeat(44)]) expect(equalConstantTime(right, other)).toBe(false)
    expect(equalConstantTime(right, 'A'.repeat(43))).toBe(true)
  })

  it('compares no secret, signature or MAC by === in the source', () => {
    const folder = new URL('../src/', import.meta.url)
    const suspicious = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .flatMap((name) => readFileSync(new URL(name, folder), 'utf8').split('\n'))
      .filter((line) =>
        /[\w.]*(?:secret|signature|mac|digest|password)\w* *[!=]==|[!=]== *[\w.]*(?:secret|signature|mac|digest|password)|\.equals\(/i.test(
          line,
        ),
      )
      // Whether there is a secret at all is no secret, and neither is a length.
      .filter((line) => !/[!=]== undefined|\.length [!=]==/.test(line))
    expect(suspicious).toEqual([])
  })
})

describe('rows 19 to 21: Authorization headers', () => {
  const token = issue(subject)
  const basic = (pair: string | Uint8Array) => `Basic ${Buffer.from(pair as string).toString('base64')}`

  it('answers bad ones with 400 or 401', () => {
    const long = 'x'.repeat(65_536)
    const bad = [
      '',
      ' ',
      ',',
      '\0',
      'Bearer \0',
      'Bearer %zz',
      'Basic %zz',
      'Basic ====',
      'Basic \u0141\u0141\u0141\u0141',
      `Bearer ${long}`,
      `Basic ${long}`,
    ]
    for (const line of [
      ...bad,
      basic(`${long}:`),
      basic(Uint8Array.of(0xff, 0xfe, 0x3a)),
      basic('a:\0'),
      `${long} ${token}`,
      'é',
      '\ud800',
    ]) {
      expect([line.slice(0, 40), statusOf(line)]).toEqual([line.slice(0, 40), 401])
    }
    for (const lines of [
      [`Bearer ${token}`, `Bearer ${token}`],
      [`Bearer ${token}, ${basic(`${token}:`)}`],
      ['Digest x', `Bearer ${token}`],
      [`Bearer ${token}`, ''],
    ]) {
      expect(statusOf(...lines)).toBe(400)
    }
  })

  it.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])('takes the scheme as %s, with one space or more', (scheme) => {
    expect(statusOf(`${scheme} ${token}`)).toBe('user')
    expect(statusOf(`${scheme}  ${token}`)).toBe('user')
    for (const gap of ['', '\t', ' \t', '\n', '\u00a0', '=', ':']) expect(statusOf(scheme + gap + token)).toBe(401)
    expect(statusOf(`${scheme} ${token} `)).toBe(401)
  })

  it.each(['Basic', 'basic', 'BASIC', 'bAsIc'])('takes the scheme as %s, and the token as the user name', (scheme) => {
    const text = basic(`${token}:any:thing`).slice(6)
    expect(statusOf(`${scheme} ${text}`)).toBe('user')
    for (const gap of ['', '\t', '\u00a0']) expect(statusOf(scheme + gap + text)).toBe(401)
  })

  it('takes no Basic with control characters, changed unused bits or other padding, though the token in it is right', () => {
    for (const password of ['\0', 'a\u0007b', '\n', '\x7f']) expect(statusOf(basic(`${token}:${password}`))).toBe(401)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    const unusedBit = (letter: string) => alphabet[alphabet.indexOf(letter) ^ 1] as string
    for (const password of ['', 'x', 'xx']) {
      const text = basic(`${token}:${password}`)
      expect(statusOf(text)).toBe('user')
      for (const other of [
        `${text}=`,
        `${text}====`,
        text.replace(/[^=](?==+$)/, unusedBit),
        text.replaceAll('=', '%3D'),
      ]) {
        if (other !== text) expect([other, statusOf(other)]).toEqual([other, 401])
      }
      if (text.endsWith('=')) expect(statusOf(text.replaceAll('=', ''))).toBe(401)
    }
  })

  it.each(['Bearer', 'Bearer ', 'Bearer   ', 'Basic', 'Basic ', 'Basic Og==', 'Basic OnB3', 'Basic Og', 'Basic =', ''])(
    'finds no token in %j',
    (line) => {
      expect(readAuthorization([line]).kind).not.toBe('token')
      expect(statusOf(line)).toBe(401)
    },
  )

  it('finds no token where no header is, and says so without an error in the challenge', () => {
    expect(readAuthorization([])).toEqual({ kind: 'none' })
    expect(decide()).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.not.stringContaining('error=') },
    })
  })
})
