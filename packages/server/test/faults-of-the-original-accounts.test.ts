/**
 * The faults of the Flask system that Latchkey grew out of, by their numbers in the list that was made of them, and that
 * Latchkey has none of them: those of bodies, accounts and logins. `faults-of-the-original-tokens.test.ts` has the others. Number
 * 17 is about newer versions of Flask and Werkzeug, and does not apply.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { formOf, hashArgon2id } from '../src/accounts/argon2id.js'
import { openStore } from '../src/store/open-store.js'
import { type Answer, ann, runCommand, secret, useServer } from './server.js'

// Times are compared here, of more tries than anybody has.
const server = useServer({ limits: { perAccountAndPrefix: 0, perPrefix: 0, perAccount: 0 } })
const login = { account: ann.account, secret, type: 100 }
const forms = [
  ['/v1/token', login],
  ['/v1/client/register', ann],
] as const
let adminToken: string

beforeAll(async () => {
  expect((await server.post('/v1/client/register', ann)).status).toBe(201)
  await register({ account: 'admin@example.org' })
  expect(await server.run('user', 'role', 'admin@example.org', 'admin')).toBe(0)
  adminToken = await server.logIn('admin@example.org')
})

/** A new user who deleted itself, and its token. */
async function deletedUser(account: string): Promise<{ uid: string; token: string }> {
  const { uid } = (await register({ account })).json
  const token = await server.logIn(account)
  expect((await server.ask('DELETE', '/v1/user', { token })).status).toBe(202)
  return { uid, token }
}

/** Status, code and number of a refusal, and its `msg` where it names fields. */
function refusal({ status, json, headers }: Answer): unknown[] {
  expect(headers.get('content-type')).toBe('application/problem+json')
  const { code, error_code, msg } = json
  return [status, code, error_code, ...(typeof msg === 'object' ? [msg] : [])]
}

const invalid = (msg: object) => [400, 'parameter_invalid', 1000, msg]
const notFound = [404, 'not_found', 1001]
const authFailed = [401, 'auth_failed', 1005]
const typeInvalid = [400, 'client_type_invalid', 1006]
const accountExists = [409, 'account_exists', 1012]

const register = (form: object) => server.post('/v1/client/register', { ...ann, ...form })
const asAdmin = (method: string, path: string) => server.ask(method, path, { token: adminToken })
const patch = (token: string, body: unknown, query = '') => {
  const headers = { 'content-type': 'application/json' }
  return server.ask('PATCH', `/v1/user${query}`, { token, headers, body: JSON.stringify(body) })
}

describe('fault 7: the query', () => {
  const query = '?account=other%40example.org&secret=another+passphrase&type=999&nickname=other&token=x&data=1'

  it('overrides no member of the body', async () => {
    expect((await server.post(`/v1/token${query}`, login)).json.uid).toBe('1')
    expect((await server.post(`/v1/client/register${query}`, { ...ann, account: 'query@example.org' })).status).toBe(
      201,
    )
    const token = await server.logIn('query@example.org')
    const { json } = await server.ask('GET', `/v1/user${query}`, { token })
    expect([json.account, json.nickname]).toEqual(['query@example.org', 'ann'])
    expect((await patch(token, { nickname: 'body' }, query)).json.nickname).toBe('body')
    expect((await server.post(`/v1/token/secret${query}`, { token })).status).toBe(200)
  })

  it('brings no member that the body has not, and is not repeated in the answer', async () => {
    const required = ['is required']
    const answer = await server.post('/v1/token?account=ann%40example.org&secret=a%20long%20passphrase&type=100', {})
    expect(refusal(answer)).toEqual(invalid({ account: required, secret: required, type: required }))
    expect(answer.json.request).toBe('POST /v1/token')
    expect(answer.text).not.toContain('passphrase')
  })

  it('with data=1 in it is no 500', async () => {
    expect((await server.post('/v1/token?data=1', login)).status).toBe(201)
    expect(refusal(await server.post('/v1/client/register?data=1', ann))).toEqual(accountExists)
    expect((await server.post('/v1/token/secret?data=1', { token: adminToken })).status).toBe(200)
    expect((await asAdmin('GET', '/v1/user?data=1')).status).toBe(200)
  })
})

describe('fault 8: no 500', () => {
  it('for a body that is a JSON array', async () => {
    for (const path of ['/v1/token', '/v1/client/register', '/v1/token/secret']) {
      for (const body of [[], [login], [[]], [1]]) {
        expect(refusal(await server.post(path, body))).toEqual(invalid({ body: ['must be a JSON object'] }))
      }
    }
    expect(refusal(await patch(adminToken, []))).toEqual(invalid({ body: ['must be a JSON object'] }))
  })

  it('for an account or a secret that is a number, and a login without a secret', async () => {
    for (const [path, form] of forms) {
      for (const field of ['account', 'secret']) {
        for (const value of [0, 12345678, 1.5, -1]) {
          const wrong = { ...form, [field]: value }
          expect(refusal(await server.post(path, wrong))).toEqual(invalid({ [field]: ['must be a text'] }))
        }
      }
    }
    const without = { account: ann.account, type: 100 }
    expect(refusal(await server.post('/v1/token', without))).toEqual(invalid({ secret: ['is required'] }))
  })

  it('for the client types 101, 200 and 201, which nobody handles here', async () => {
    for (const [path, form] of forms) {
      for (const type of [101, 200, 201]) {
        expect(refusal(await server.post(path, { ...form, type }))).toEqual(typeInvalid)
      }
    }
  })

  it('for a nickname that another user has: both have it', async () => {
    expect((await register({ account: 'namesake@example.org' })).status).toBe(201)
    const token = await server.logIn('namesake@example.org')
    expect((await server.ask('GET', '/v1/user', { token })).json.nickname).toBe(ann.nickname)
    expect((await patch(adminToken, { nickname: ann.nickname })).status).toBe(200)
  })

  it('for the address of a deleted user: it registers again, and is somebody new', async () => {
    const { uid } = await deletedUser('again@example.org')
    const again = await register({ account: 'again@example.org' })
    expect([again.status, again.json.error_code]).toEqual([201, 0])
    const answer = await server.post('/v1/token', { ...login, account: 'again@example.org' })
    expect([answer.status, answer.json.uid]).toEqual([201, again.json.uid])
    expect(again.json.uid).not.toBe(uid)
  })

  it('for a uid beyond 64 bits: there is no such user', async () => {
    for (const bits of [53n, 63n, 64n, 128n, 4096n]) {
      for (const uid of [2n ** bits, 2n ** bits + 1n, -(2n ** bits)]) {
        expect(refusal(await asAdmin('GET', `/v1/user/${uid}`))).toEqual(notFound)
        expect(refusal(await asAdmin('DELETE', `/v1/user/${uid}`))).toEqual(notFound)
      }
    }
  })
})

it('fault 9: a type that is no number of a client type is 400, 1006 for a whole number and 1000 for all else', async () => {
  for (const [path, form] of forms) {
    for (const type of [999, 0, -1, 100_000, 2 ** 31]) {
      expect(refusal(await server.post(path, { ...form, type }))).toEqual(typeInvalid)
    }
    const wrong = invalid({ type: ['must be a whole number'] })
    for (const type of ['100', ' 100', '100\n', '', 100.9, 99.5, true, null, [100], { value: 100 }, 1e300]) {
      expect([type, refusal(await server.post(path, { ...form, type }))]).toEqual([type, wrong])
    }
  }
})

it('fault 10: each reason is a sentence, and a taken account has one too', async () => {
  const taken = await register({ account: ann.account.toUpperCase() })
  expect([...refusal(taken), taken.json.msg]).toEqual([...accountExists, 'the account exists'])
  const bodies: [string, object][] = [
    ['/v1/client/register', {}],
    ['/v1/client/register', { account: '', secret: '', type: 100, nickname: '' }],
    ['/v1/client/register', { account: 'nobody', secret: 'password1', type: 100, nickname: 'a\u0000b' }],
    ['/v1/client/register', { ...ann, extra: 1, '': 2 }],
    ['/v1/token', { account: '', secret: '', type: 100, device: '\n' }],
    ['/v1/token', { ...login, scope: '' }],
    ['/v1/token', { ...login, audience: [] }],
    ['/v1/token', { account: null, secret: [], type: '', scope: 1, audience: 1, device: 1 }],
    ['/v1/token/secret', {}],
  ]
  for (const [path, body] of bodies) {
    const { json } = await server.post(path, body)
    const reasons: [string, string[]][] = Object.entries(json.msg)
    expect([path, body, json.error_code, reasons.length > 0]).toEqual([path, body, 1000, true])
    for (const [field, sentences] of reasons) {
      expect([field, field !== '', sentences.length > 0]).toEqual([field, true, true])
      for (const sentence of sentences) expect(sentence).toMatch(/^(?:must|is) \w.+/)
    }
  }
})

describe('fault 11: a newline at the end', () => {
  it('is one more character of a password, of registering and logging in alike', async () => {
    const form = { account: 'newline@example.org', secret: 'seven77\n' }
    const length = ['must be 8 to 128 characters long']
    expect(refusal(await register({ ...form, secret: 'seven7\n' }))).toEqual(invalid({ secret: length }))
    expect((await register(form)).status).toBe(201)
    const statuses: number[] = []
    for (const tried of ['seven77\n', 'seven77', 'seven77\n\n', 'seven77\r\n', 'seven77 ']) {
      statuses.push((await server.post('/v1/token', { ...login, account: form.account, secret: tried })).status)
    }
    expect(statuses).toEqual([201, 401, 401, 401, 401])
  })

  it('is in no account, uid, scope or token', async () => {
    const address = ['must be an email address such as name@example.org']
    for (const account of ['end@example.org\n', 'end\n@example.org', 'end@example.org\r\n']) {
      expect(refusal(await register({ account }))).toEqual(invalid({ account: address }))
    }
    expect(refusal(await server.post('/v1/token', { ...login, account: `${ann.account}\n` }))).toEqual(authFailed)
    expect(refusal(await asAdmin('GET', '/v1/user/1%0A'))).toEqual(notFound)
    expect((await server.post('/v1/token', { ...login, scope: 'user:read\n' })).json.error_code).toBe(1000)
    expect((await server.post('/v1/token/secret', { token: `${adminToken}\n` })).json.error_code).toBe(1002)
  })
})

it('fault 12: a deleted user is 404 to an administrator, for reading, deleting again and in the list', async () => {
  const { uid } = await deletedUser('hidden@example.org')
  const other = (await register({ account: 'removed@example.org' })).json.uid
  expect((await asAdmin('GET', `/v1/user/${other}`)).json.account).toBe('removed@example.org')
  expect((await asAdmin('DELETE', `/v1/user/${other}`)).status).toBe(202)
  for (const gone of [uid, other]) {
    expect(refusal(await asAdmin('GET', `/v1/user/${gone}`))).toEqual(notFound)
    expect(refusal(await asAdmin('DELETE', `/v1/user/${gone}`))).toEqual(notFound)
  }
  const { out } = await runCommand(server.folder, ['user', 'list', '--json'], '', server.database.environment)
  const uids = out.split('\n').map((line) => JSON.parse(line).uid)
  expect([uids.includes('1'), uids.includes(uid), uids.includes(other)]).toEqual([true, false, false])
})

describe('fault 13: after it ends', () => {
  const revoked = [401, 'token_revoked', 1008]

  it('an account has its tokens refused at once, and its login, and comes back as nobody', async () => {
    const { token } = await deletedUser('ended@example.org')
    const refused = async () => [
      refusal(await server.ask('GET', '/v1/user', { token })),
      refusal(await patch(token, { nickname: 'back' })),
      refusal(await server.ask('DELETE', '/v1/user', { token })),
    ]
    expect(await refused()).toEqual([revoked, revoked, revoked])
    const attempt = { ...login, account: 'ended@example.org' }
    expect(refusal(await server.post('/v1/token', attempt))).toEqual(authFailed)
    await register({ account: 'ended@example.org' })
    expect(await refused()).toEqual([revoked, revoked, revoked])
    expect((await server.post('/v1/token', attempt)).status).toBe(201)
  })

  it('the role of an administrator is in no token of a later login', async () => {
    const account = 'demoted@example.org'
    await register({ account })
    expect(await server.run('user', 'role', account, 'admin')).toBe(0)
    const before = await server.logIn(account)
    expect((await server.ask('GET', '/v1/user/1', { token: before })).status).toBe(200)
    expect(await server.run('user', 'role', account, 'user')).toBe(0)
    const after = await server.logIn(account)
    expect(refusal(await server.ask('GET', '/v1/user/1', { token: after }))).toEqual([403, 'forbidden', 1004])
    expect(refusal(await server.ask('DELETE', '/v1/user/1', { token: after }))).toEqual([403, 'forbidden', 1004])
  })
})

describe('fault 15: the longest that a form lets in', () => {
  const domainOf = (letter: string) => [63, 63, 61].map((length) => letter.repeat(length)).join('.')
  const longest = {
    account: `${'a'.repeat(64)}@${domainOf('b')}`,
    secret: `${'\u{1f511}'.repeat(127)}\u{1f512}`,
    nickname: `${'\u{1f600}'.repeat(23)}\u{1f601}`,
    type: 100,
  }

  it.each([
    ['one byte', longest.account],
    ['four bytes', `${'\u{10428}'.repeat(64)}@${domainOf('\u{10428}')}`],
  ])('registers, logs in and comes back whole, with an address of 254 characters of %s each', async (_, account) => {
    expect([[...account].length, [...longest.secret].length, [...longest.nickname].length]).toEqual([254, 128, 24])
    expect([Buffer.byteLength(longest.secret), Buffer.byteLength(longest.nickname)]).toEqual([512, 96])
    expect((await register({ ...longest, account })).status).toBe(201)
    const attempt = { account, secret: longest.secret, type: 100 }
    const { status, json } = await server.post('/v1/token', attempt)
    expect(status).toBe(201)
    const profile = await server.ask('GET', '/v1/user', { token: json.token })
    expect(profile.json).toMatchObject({ account, nickname: longest.nickname })
    const changed = { nickname: '\u{1f602}'.repeat(24) }
    expect((await patch(json.token, changed)).json).toMatchObject(changed)
    // Nothing was cut: the last character counts.
    const shorter = longest.secret.slice(0, -2)
    for (const wrong of [`${shorter}\u{1f513}`, shorter]) {
      expect(refusal(await server.post('/v1/token', { ...attempt, secret: wrong }))).toEqual(authFailed)
    }
    const neighbour = `${[...account].slice(0, -1).join('')}z`
    expect(refusal(await server.post('/v1/token', { ...attempt, account: neighbour }))).toEqual(authFailed)
    expect((await register({ ...longest, account: neighbour })).status).toBe(201)
  })

  it('is refused by name with one character more', async () => {
    const { account, secret, nickname } = longest
    const more = { account: `${account}b`, secret: `${secret}x`, nickname: `${nickname}x`, type: 100 }
    const reasonOf = (range: string) => [`must be ${range} characters long`]
    const reasons = { account: reasonOf('5 to 254'), secret: reasonOf('8 to 128'), nickname: reasonOf('2 to 24') }
    expect(refusal(await register(more))).toEqual(invalid(reasons))
  })
})

describe('fault 16: a refused login', () => {
  /** Every way in which an account can be there, or not. */
  const kinds = {
    known: ann.account,
    unknown: 'nobody@example.org',
    disabled: 'disabled@example.org',
    deleted: 'deleted@example.org',
    'of a cheaper hash': 'imported@example.org',
  }
  const attempt = (account: string) => server.post('/v1/token', { ...login, account, secret: 'another passphrase' })

  beforeAll(async () => {
    await deletedUser(kinds.deleted)
    for (const account of [kinds.disabled, kinds['of a cheaper hash']]) {
      expect((await register({ account })).status).toBe(201)
    }
    expect(await server.run('user', 'disable', kinds.disabled)).toBe(0)
    const cost = { memoryKib: 64, passes: 1, lanes: 1 }
    const cheap = { secret_hash: await hashArgon2id(Buffer.from(secret), cost), secret_form: formOf(cost) }
    const store = await openStore(server.database.storeOptions)
    const account = kinds['of a cheaper hash']
    await store.transaction((transaction) =>
      transaction.updateTable('identities').set(cheap).where('account', '=', account).executeTakeFirstOrThrow(),
    )
    await store.close()
  })

  it('has the same bytes whether the account is known, unknown, disabled, deleted or imported', async () => {
    const answers = new Set<string>()
    for (const account of Object.values(kinds)) {
      const answer = await attempt(account)
      expect(refusal(answer)).toEqual(authFailed)
      const headers = [...answer.headers].filter(([name]) => name !== 'date')
      answers.add(JSON.stringify([headers, answer.text]))
    }
    expect([...answers]).toHaveLength(1)
    const right = await server.post('/v1/token', { ...login, account: kinds.disabled })
    expect(refusal(right)).toEqual(authFailed)
  })

  it('takes the same time for each of them', async () => {
    const times = Object.values(kinds).map((): number[] => [])
    const tries = 15
    for (let round = 0; round < tries; round++) {
      for (const [index, account] of Object.values(kinds).entries()) {
        const beganMs = performance.now()
        await attempt(account)
        times[index]?.push(performance.now() - beganMs)
      }
    }
    const medians = times.map((list) => list.sort((a, b) => a - b)[(tries - 1) / 2] as number)
    // Without a hash, or with a cheap one, the answer would come in a tenth of the time.
    const ratio = Math.min(...medians) / Math.max(...medians)
    expect(ratio, `medians in ms: ${medians.map((median) => median.toFixed(1))}`).toBeGreaterThan(0.4)
  }, 60_000)
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
