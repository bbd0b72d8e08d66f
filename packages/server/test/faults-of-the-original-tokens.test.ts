/**
 * The faults of the Flask system that Latchkey grew out of, by their numbers in the list that was made of them, and that
 * Latchkey has none of them: those of tokens, credentials and roles. `faults-of-the-original-accounts.test.ts` has the others.
 */
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { defineRoles } from 'latchkey'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openAccounts } from '../src/create-latchkey/open-accounts.js'
import { openSigningKeys } from '../src/signing-keys/signing-keys.js'
import { openStore } from '../src/store/open-store.js'
import { type Answer, ann, secret, useServer } from './server.js'

let nowMs = Date.now()
const server = useServer({ clock: () => nowMs })
let token: string
let ownKey: KeyObject
let header: string
let claims: Record<string, unknown> & { exp: number }

beforeAll(async () => {
  expect((await server.post('/v1/client/register', ann)).status).toBe(201)
  token = await server.logIn()
  const [written, payload] = token.split('.') as [string, string]
  header = Buffer.from(written, 'base64url').toString()
  claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const store = await openStore(server.database.storeOptions)
  const key = (await openSigningKeys({ store, secret: server.database.config.secret })).signingKey(store.now())
  await store.close()
  expect(JSON.parse(header).kid).toBe(key.kid)
  ownKey = createPrivateKey({ key: key.toPrivateJwk(), format: 'jwk' })
})

const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes as string).toString('base64')
const encode = (part: string | Uint8Array) => Buffer.from(part as string).toString('base64url')

/** Signs any text, by default with the key that the server itself signs with at this moment. */
const signed = (input: string, key = ownKey) =>
  `${input}.${sign(null, Buffer.from(input), key as Parameters<typeof sign>[2]).toString('base64url')}`

/** A token of these claims, or of whatever stands in their place, rightly signed. */
const tokenOf = (payload: unknown) => signed(`${encode(header)}.${encode(JSON.stringify(payload))}`)

const guarded = [
  ['GET', '/v1/user'],
  ['PATCH', '/v1/user'],
  ['DELETE', '/v1/user'],
  ['GET', '/v1/user/1'],
  ['DELETE', '/v1/user/1'],
] as const

/** The different answers among these. */
function different(answers: readonly Answer[]): string[] {
  return [...new Set(answers.map(({ status, json }) => `${status} ${json.code} ${json.error_code}`))]
}

/** What guarded routes answer to these headers: each time a problem document about this request. */
async function guardsOn(headers: Record<string, string>): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const [method, path] of guarded) {
    const answer = await server.ask(method, path, { headers })
    expect([answer.headers.get('content-type'), answer.json.request]).toEqual([
      'application/problem+json',
      `${method} ${path}`,
    ])
    answers.push(answer)
  }
  return answers
}

/** What every place that takes a token answers to a text in its stead: guards by Bearer and Basic, and the body. */
async function everywhere(text: string): Promise<string[]> {
  return different([
    ...(await guardsOn({ authorization: `Bearer ${text}` })),
    ...(await guardsOn({ authorization: `Basic ${base64(`${text}:`)}` })),
    await server.post('/v1/token/secret', { token: text }),
  ])
}

describe('fault 1: an expired token', () => {
  const began = nowMs
  afterEach(() => {
    nowMs = began
  })

  it('answers 1003, not 1002, at every place that takes a token, new there or known', async () => {
    const unseen = await server.logIn()
    expect((await server.ask('GET', '/v1/user', { token })).status).toBe(200)
    nowMs = claims.exp * 1000 + 60_000
    expect(await everywhere(token)).toEqual(['401 token_expired 1003'])
    expect(await everywhere(unseen)).toEqual(['401 token_expired 1003'])
  })

  it('that is also wrong otherwise answers 1002', async () => {
    nowMs = claims.exp * 1000 + 60_000
    const stranger = generateKeyPairSync('ed25519').privateKey
    expect(await everywhere(signed(token.slice(0, token.lastIndexOf('.')), stranger))).toEqual([
      '401 token_invalid 1002',
    ])
    expect(await everywhere(tokenOf({ ...claims, aud: 'others' }))).toEqual(['401 token_invalid 1002'])
  })
})

describe('fault 2: what the key of the server signed, but is no token', () => {
  it('is no fault of this signature, which a token of the same claims passes with', async () => {
    const again = tokenOf({ ...claims, jti: encode(Buffer.alloc(16, 7)) })
    expect((await server.ask('GET', '/v1/user', { token: again })).json.account).toBe(ann.account)
    expect((await server.post('/v1/token/secret', { token: again })).status).toBe(200)
  })

  it('is 401, not 500, without a dot in it', async () => {
    for (const value of ['x', 'nodot', encode(header), encode(JSON.stringify(claims))]) {
      expect([value, await everywhere(signed(value))]).toEqual([value, ['401 token_invalid 1002']])
    }
  })

  it('is 401, not 500, with a payload or header that is no JSON object', async () => {
    const object = JSON.stringify(claims)
    const texts = [
      '',
      ' ',
      'no json',
      '{',
      `${object}x`,
      `\ufeff${object}`,
      'null',
      'true',
      '7',
      '"text"',
      '[]',
      '[{}]',
    ]
    for (const part of [...texts, Buffer.of(0xff, 0xfe), Buffer.concat([Buffer.from(object), Buffer.of(0)])]) {
      const asPayload = signed(`${encode(header)}.${encode(part)}`)
      const asHeader = signed(`${encode(part)}.${encode(object)}`)
      expect([part, await everywhere(asPayload)]).toEqual([part, ['401 token_invalid 1002']])
      expect([part, await everywhere(asHeader)]).toEqual([part, ['401 token_invalid 1002']])
    }
  })
})

describe('fault 3: a rightly signed token', () => {
  it('with a claim that is missing, null or of another type is 401, not 500', async () => {
    for (const claim of Object.keys(claims)) {
      const { [claim]: _, ...without } = claims
      for (const payload of [without, { ...claims, [claim]: null }, { ...claims, [claim]: { a: 1 } }]) {
        expect([claim, payload[claim], await everywhere(tokenOf(payload))]).toEqual([
          ...[claim, payload[claim]],
          ['401 token_invalid 1002'],
        ])
      }
    }
  })

  it('with an exp that is no moment is 401, not 500', async () => {
    for (const exp of [
      'null',
      'true',
      '""',
      `"${claims.exp}"`,
      '[]',
      '-1',
      `${claims.exp}.5`,
      '1e999',
      '9'.repeat(400),
    ]) {
      const payload = JSON.stringify({ ...claims, exp: 'HERE' }).replace('"HERE"', exp)
      const answers = await everywhere(signed(`${encode(header)}.${encode(payload)}`))
      expect([exp, answers]).toEqual([exp, ['401 token_invalid 1002']])
    }
  })

  it('with a scope that nobody defined opens nothing that needs one, and is 401 when it is none', async () => {
    const unknown = tokenOf({ ...claims, scope: 'super:scope SuperScope:any' })
    expect((await server.ask('GET', '/v1/user', { token: unknown })).status).toBe(200)
    for (const method of ['GET', 'DELETE']) {
      expect(different([await server.ask(method, '/v1/user/1', { token: unknown })])).toEqual(['403 forbidden 1004'])
    }
    for (const scope of ['SuperScope', '__proto__', 'a:b  c:d', ' ', 'user:read\n']) {
      const answers = await everywhere(tokenOf({ ...claims, scope }))
      expect([scope, answers]).toEqual([scope, ['401 token_invalid 1002']])
    }
  })

  it('for a uid that no user has is 404, not 500', async () => {
    for (const sub of ['999', '0', '01', 'abc', '1.5', '-1', '9'.repeat(40), '__proto__', '1 or 1=1', 'é']) {
      for (const method of ['GET', 'DELETE']) {
        const answers = different([await server.ask(method, '/v1/user', { token: tokenOf({ ...claims, sub }) })])
        expect([sub, answers]).toEqual([sub, ['404 not_found 1001']])
      }
    }
  })
})

describe('fault 4: in Authorization', () => {
  const refused = async (authorization: string) => {
    const answers = await guardsOn({ authorization })
    const challenges = [...new Set(answers.map(({ headers }) => headers.get('www-authenticate')))]
    expect([authorization, different(answers), challenges]).toEqual([
      authorization,
      ['401 token_invalid 1002'],
      ['Bearer realm="latchkey", error="invalid_token", Basic realm="latchkey", charset="UTF-8"'],
    ])
  }

  it('Basic that holds no UTF-8 is 401, not 500', async () => {
    const colon = Buffer.from(':')
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0xae], [0xf5, 0x80, 0x80, 0x80]]) {
      await refused(`Basic ${base64(Buffer.concat([Buffer.from(bytes), colon]))}`)
      await refused(`Basic ${base64(Buffer.concat([Buffer.from(`${token}:`), Buffer.from(bytes)]))}`)
    }
    await refused('Basic \xff\xfe')
    await refused('Bearer t\xf6ken')
  })

  it('a raw token after Basic is 401 for every token, whatever its bytes would decode to', async () => {
    await refused(`Basic ${token}`)
    for (const part of token.split('.')) await refused(`Basic ${part}`)
    for (const text of [token, `${token}x`]) await refused(`Basic ${base64(text)}`)
    // As base64 these decode to any bytes at all, some of them with a colon.
    const texts = Array.from({ length: 60 }, (_, i) => createHash('sha512').update(`${i}`).digest())
    expect(texts.filter((bytes) => bytes.includes(':')).length).toBeGreaterThan(5)
    for (const bytes of texts) await refused(`Basic ${base64(bytes)}`)
  })

  it('a raw token after Bearer is the token', async () => {
    const { status, json } = await server.ask('GET', '/v1/user', { headers: { authorization: `Bearer ${token}` } })
    expect([status, json.account]).toEqual([200, ann.account])
  })
})

describe('fault 5: a request without credentials', () => {
  it('is 401 and 1002 with a challenge that says what would do, and no error in it', async () => {
    const answers = await guardsOn({})
    expect(different(answers)).toEqual(['401 token_invalid 1002'])
    for (const { json, headers } of answers) {
      expect(json.msg).toBe('token is invalid')
      expect(headers.get('www-authenticate')).toBe('Bearer realm="latchkey", Basic realm="latchkey", charset="UTF-8"')
    }
  })

  it('in an Authorization that has the word alone, or an empty user name, gets the same code', async () => {
    for (const authorization of ['Basic', 'Bearer', `Basic ${base64(':')}`, `Basic ${base64(`:${secret}`)}`]) {
      expect(different(await guardsOn({ authorization }))).toEqual(['401 token_invalid 1002'])
    }
  })
})

it('fault 6: only Basic carries base64 of a token and a colon, in any case of the word; no other word does', async () => {
  const pair = base64(`${token}:`)
  for (const word of ['Basic', 'basic', 'BASIC']) {
    const authorization = `${word} ${pair}`
    expect((await server.ask('GET', '/v1/user', { headers: { authorization } })).status).toBe(200)
  }
  for (const word of ['Bearer', 'Token', 'JWT', 'Digest', 'Negotiate', 'Basics', 'X', '']) {
    const authorization = `${word} ${pair}`
    expect([word, different(await guardsOn({ authorization }))]).toEqual([word, ['401 token_invalid 1002']])
  }
  for (const word of ['Token', 'JWT', 'Digest', 'Bearers', '']) {
    const authorization = `${word} ${token}`
    expect([word, different(await guardsOn({ authorization }))]).toEqual([word, ['401 token_invalid 1002']])
  }
})

describe('fault 14: roles', () => {
  const definition = {
    scopes: ['user:read', 'user:write', 'user:read:any', 'user:delete:any'],
    roles: {
      user: { allow: ['user:read'] },
      // Named before what they extend, so that no order of the definition matters.
      both: { extends: ['admin', 'keeper', 'blind'] },
      admin: { extends: ['user'], allow: ['user:write', '*:*:any'] },
      keeper: { extends: ['admin'], forbid: ['user:delete:any'] },
      blind: { extends: ['admin'], forbid: ['user:read:any'] },
    },
  }
  const granted = {
    user: ['user:read'],
    admin: ['user:read', 'user:write', '*:*:any'],
    keeper: ['user:read', 'user:write', '*:*:any', '!user:delete:any'],
    blind: ['user:read', 'user:write', '*:*:any', '!user:read:any'],
    both: ['user:read', 'user:write', '*:*:any', '!user:delete:any', '!user:read:any'],
  }
  const names = Object.keys(granted) as (keyof typeof granted)[]
  const roles = defineRoles(definition)
  for (const list of Object.values(definition.roles)) ('allow' in list ? list.allow : []).push('user:delete:any')

  const shop = useServer({ roles })
  const tokens: Record<string, string> = {}
  let spare: string
  beforeAll(async () => {
    const { store, accounts } = await openAccounts({
      ...{ databaseUrl: undefined, breachedPasswordsFile: undefined, issuer: 'http://localhost:4000' },
      ...shop.database.config,
      clock: Date.now,
      roles,
      webhooks: [],
    })
    for (const name of names) {
      const { json } = await shop.post('/v1/client/register', { ...ann, account: `${name}@example.org` })
      await accounts.setRole(json.uid, name)
      tokens[name] = await shop.logIn(`${name}@example.org`)
    }
    await store.close()
    spare = (await shop.post('/v1/client/register', { ...ann, account: 'spare@example.org' })).json.uid
  })

  it('share no list, and none of theirs grows with the requests and logins that are answered', async () => {
    for (let round = 0; round < 40; round++) {
      for (const name of names) {
        const { json } = await shop.ask('GET', '/v1/user', { token: tokens[name] as string })
        expect([name, json.role, json.scopes]).toEqual([name, name, granted[name]])
      }
    }
    for (const name of [...names, ...names.toReversed()]) {
      const login = await shop.post('/v1/token', { account: `${name}@example.org`, secret, type: 100 })
      expect([name, login.json.scope]).toEqual([name, granted[name].join(' ')])
    }
  })

  it('forbid all that any role they extend forbids, and what they forbid stays open to those they extend', async () => {
    const status = async (name: string, method: string) => {
      const answer = await shop.ask(method, `/v1/user/${spare}`, { token: tokens[name] as string })
      return answer.status === 403 ? different([answer])[0] : answer.status
    }
    const opened: Record<string, unknown[]> = {}
    // What the admin deletes is gone for those after it.
    for (const name of ['user', 'both', 'keeper', 'admin', 'blind']) {
      opened[name] = [await status(name, 'GET'), await status(name, 'DELETE')]
    }
    expect(opened).toEqual({
      user: ['403 forbidden 1004', '403 forbidden 1004'],
      both: ['403 forbidden 1004', '403 forbidden 1004'],
      keeper: [200, '403 forbidden 1004'],
      admin: [200, 202],
      blind: ['403 forbidden 1004', 404],
    })
    expect(shop.log).toEqual([])
  })

  it('that extend each other in a circle are refused when they are defined', () => {
    const scopes = ['user:read']
    const circles = { a: { extends: ['b'] }, b: { allow: ['user:read'], extends: ['a'] } }
    expect(() => defineRoles({ scopes, roles: circles })).toThrow('circle: a -> b -> a')
    expect(() => defineRoles({ scopes, roles: { a: { extends: ['a'] } } })).toThrow(TypeError)
  })
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
