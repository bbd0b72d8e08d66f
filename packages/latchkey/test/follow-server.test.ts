/** What a service makes of the answers of the server that it follows, also of wrong ones. */
import { type Auth, createAuth } from 'latchkey'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Handler, json, type OwnIssuer, pause, startOwnIssuer, status, until } from './any-jwt/own-issuer.js'
import { verdictOf } from './any-jwt/service.js'
import { audience, claims, headerOf, issuer, keys, rawSigner } from './fixtures.js'

const metadataPath = '/.well-known/oauth-authorization-server'
const keysPath = '/.well-known/jwks.json'
const feedPath = '/v1/revocations?after='
const key = keys.EdDSA
const jwk = key.toPublicJwk()
const page = {
  ...{ feed_id: 'f', rows: [] as unknown[], next: 'f~1', more: false, final: false, age_ms: 0, now: 1_800_000_000_000 },
  ...{ process_id: 'p', process_ms: 1, keys_version: 1 },
}

let server: OwnIssuer
let auth: Auth | undefined
beforeEach(async () => {
  server = await startOwnIssuer()
  server.answers.set(metadataPath, json({ issuer, jwks_uri: server.url + keysPath }))
  answerKeys({ keys: [jwk], keys_version: 1 })
  answerFeed({})
})
afterEach(async () => {
  await auth?.close()
  await server.close()
})

/** The keys, whatever version is asked for. */
function answerKeys(value: object): void {
  for (const version of ['', '?v=1', '?v=2', '?v=3']) server.answers.set(keysPath + version, json(value))
}
/** The same page at the beginning and after it. */
function answerFeed(changed: object, headers: Record<string, string> = {}): void {
  const answer: Handler = (_, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ ...page, ...changed }))
  server.answers.set(feedPath, answer)
  server.answers.set(`${feedPath}f~1`, answer)
}
const follow = (options: object = {}) => {
  auth = createAuth({ server: server.url, issuer, audience, ...options })
  return auth
}
async function problemOf(followed: Auth): Promise<string | undefined> {
  await until(() => followed.status().problem !== undefined)
  return followed.status().problem
}
const tokenNow = (changed: object = {}) => {
  const seconds = Math.floor(Date.now() / 1000)
  const times = { iat: seconds, auth_time: seconds, exp: seconds + 7200 }
  return rawSigner(key)(JSON.stringify(headerOf(key)), JSON.stringify({ ...claims, ...times, ...changed }))
}
const ageMs = () => auth?.status().revocationsAgeMs as number
const asked = (path: string) => server.paths.filter((one) => one.startsWith(path))

const realNow = performance.now.bind(performance)
/** As if the process had run for so long, until the test ends. */
function passMinutes(minutes: number): void {
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => realNow() + minutes * 60_000)
  onTestFinished(() => void spy.mockRestore())
}

describe('a page of the feed', () => {
  const noPage = 'The feed must answer pages as Latchkey writes them'
  const noRow = 'A row of the feed must be kind, id, min and expires_at'

  it.each([
    ...[{ feed_id: 1 }, { feed_id: undefined }, { next: 1 }, { more: 'no' }, { more: undefined }, { final: 0 }],
    ...[{ rows: {} }, { rows: null }, { age_ms: '0' }, { age_ms: -1 }, { now: -1 }, { now: 1.5 }, { now: '1' }],
    ...[{ keys_version: null }, { keys_version: -1 }, { keys_version: 2 ** 53 }],
  ])('that is none is a problem: %j', async (changed) => {
    answerFeed(changed)
    expect(await problemOf(follow())).toBe(noPage)
    expect(verdictOf(auth as Auth, tokenNow())).toMatch(/^503 busy/)
  })

  it.each([
    ...[[], ['s', 'x', 1], [1, 'x', 1, 1], ['s', 1, 1, 1], ['s', 'x', -1, 1], ['s', 'x', 1, 0.5], ['s', 'x', '1', 1]],
    ...[['s', 'x', 1, null], { kind: 's' }, null, 5],
  ])('with a row that is none is a problem: %j', async (row) => {
    answerFeed({ rows: [['s', 'x', 1, 1], row] })
    expect(await problemOf(follow())).toBe(noRow)
    expect(verdictOf(auth as Auth, tokenNow())).toMatch(/^503 busy/)
  })

  it.each([
    ...[{ process_id: undefined }, { process_id: 5 }, { process_ms: -1 }, { process_ms: 'x' }, { now: 0 }],
    ...[{ age_ms: 0.5 }, { something: 'new' }, { rows: [['s', 'x', 0, 0]] }],
  ])('may be like this: %j', async (changed) => {
    answerFeed(changed)
    await follow().ready()
    expect([auth?.status().problem, verdictOf(auth as Auth, tokenNow())]).toEqual([undefined, 'user'])
  })

  it('that is old makes the copy as old as it says itself, and as caches say', async () => {
    answerFeed({ age_ms: 5_000 }, { age: '30' })
    await follow().ready()
    expect(ageMs()).toBeGreaterThanOrEqual(35_000)
    expect(ageMs()).toBeLessThan(45_000)
  })

  it('that never changes may have been kept for long', async () => {
    const answer = { ...page, final: true, more: true, age_ms: 50_000 }
    server.answers.set(feedPath, (_, response) =>
      response.writeHead(200, { 'content-type': 'application/json', age: '600' }).end(JSON.stringify(answer)),
    )
    await follow().ready()
    expect(ageMs()).toBeLessThan(10_000)
    expect(asked(feedPath).slice(0, 2)).toEqual([feedPath, `${feedPath}f~1`])
  })

  it('that comes again later than it was written is as old as that', async () => {
    let writtenMs = 1_800_000_000_000
    const answer: Handler = (request, response) => {
      json({ ...page, process_id: undefined, now: writtenMs })(request, response)
      if (asked(feedPath).length === 1) writtenMs -= 20_000
    }
    server.answers.set(feedPath, answer)
    server.answers.set(`${feedPath}f~1`, answer)
    await follow().ready()
    await until(() => asked(feedPath).length > 3)
    // Since the first nothing newer was heard.
    expect(ageMs()).toBeGreaterThan(700)
    expect(ageMs()).toBeLessThan(20_000)
  })

  it('with a revocation is remembered for hours, long after it was told', async () => {
    const token = tokenNow()
    answerFeed({ now: Date.now(), rows: [['s', claims.sid, 4, Math.floor(Date.now() / 1000) + 7200]] })
    await follow().ready()
    expect(verdictOf(auth as Auth, token)).toMatch(/^401 token_revoked/)
    answerFeed({ now: Date.now() })
    for (let minutes = 30; minutes <= 90; minutes += 30) {
      const count = asked(feedPath).length
      passMinutes(minutes)
      await until(() => asked(feedPath).length > count + 1)
    }
    expect(verdictOf(auth as Auth, token)).toMatch(/^401 token_revoked/)
  })

  it('with revocations of another kind is followed; a fault since is said before it', async () => {
    answerFeed({ rows: [['z', 'x', 1, 4e9]] })
    await follow().ready()
    expect(auth?.status().problem).toContain('of a kind that this version does not know')
    server.answers.set(`${feedPath}f~1`, status(500))
    await until(() => auth?.status().problem?.endsWith('must answer 200, not 500') === true)
  })
})

describe('the keys', () => {
  it('are read once, without a version, and again when the feed has a later one', async () => {
    await follow().ready()
    expect(server.paths.slice(0, 3)).toEqual([metadataPath, keysPath, feedPath])
    await until(() => asked(feedPath).length > 3)
    expect(asked(keysPath)).toEqual([keysPath])
    answerFeed({ keys_version: 0 })
    const count = asked(feedPath).length
    await until(() => asked(feedPath).length > count + 1)
    expect(asked(keysPath)).toEqual([keysPath])
    // A node that has not read the change yet: then it is asked again after the next read of the feed.
    answerFeed({ keys_version: 2 })
    await until(() => asked(keysPath).length > 2)
    expect(asked(keysPath).slice(0, 3)).toEqual([keysPath, `${keysPath}?v=2`, `${keysPath}?v=2`])
    answerKeys({ keys: [jwk], keys_version: 2 })
    const before = asked(keysPath).length
    await until(() => asked(keysPath).length > before)
    const then = asked(feedPath).length
    await until(() => asked(feedPath).length > then + 2)
    expect(asked(keysPath)).toHaveLength(before + 1)
  })

  it.each(['1', null, undefined])('that do not say their version are of the one that was asked for: %j', async (it) => {
    answerKeys({ keys: [jwk], keys_version: it })
    await follow().ready()
    await until(() => asked(feedPath).length > 3)
    expect(asked(keysPath)).toEqual([keysPath, `${keysPath}?v=1`])
  })

  it('are read again after five minutes, of the version that is known', async () => {
    await follow().ready()
    passMinutes(4.9)
    const count = asked(feedPath).length
    await until(() => asked(feedPath).length > count + 1)
    expect(asked(keysPath)).toEqual([keysPath])
    passMinutes(5.1)
    await until(() => asked(keysPath).length > 1)
    expect(asked(keysPath)).toEqual([keysPath, `${keysPath}?v=1`])
  })

  it.each([{}, { keys: [] }, { keys: { 0: jwk, length: 1 } }, { keys: 'x' }])('must be some: %j', async (value) => {
    answerKeys(value)
    expect(await problemOf(follow())).toBe(`${server.url + keysPath} must answer keys`)
  })

  it('of other algorithms are passed over', async () => {
    answerKeys({
      keys: [null, 5, { kty: 'RSA', alg: 'RS256', kid: 'x' }, { ...jwk, alg: undefined }, jwk],
      keys_version: 1,
    })
    await follow().ready()
    expect([auth?.status().problem, verdictOf(auth as Auth, tokenNow())]).toEqual([undefined, 'user'])
  })
})

describe('the metadata', () => {
  it('must name the issuer', async () => {
    server.answers.set(metadataPath, json({ issuer: `${issuer}/`, jwks_uri: server.url + keysPath }))
    expect(await problemOf(follow())).toBe(`${server.url + metadataPath} must name the issuer ${issuer}`)
    expect(asked(keysPath)).toEqual([])
    expect(verdictOf(auth as Auth, tokenNow())).toBe('503 busy: The keys of the issuer are not known yet')
  })

  it('must name keys', async () => {
    server.answers.set(metadataPath, json({ issuer }))
    expect(await problemOf(follow())).toBe(
      `${server.url} publishes no keys: it signs with a shared secret. Sign with EdDSA, or give createAuth the keys`,
    )
    expect(asked(keysPath)).toEqual([])
  })

  it('is asked for at the address that was given, without slashes at its end', async () => {
    await follow({ server: `${server.url}///` }).ready()
    expect(server.paths.slice(0, 3)).toEqual([metadataPath, keysPath, feedPath])
  })
})

describe('an API key', () => {
  const id = Buffer.alloc(16, 7)
  const apiKey = `lkk_${Buffer.concat([id, Buffer.alloc(38, 9)]).toString('base64url')}`

  it('is shown to the feed alone, as the password of its id', async () => {
    const shown = new Map<string, string | undefined>()
    for (const [path, answer] of [...server.answers]) {
      server.answers.set(path, (request, response) => {
        shown.set(path, request.headers.authorization)
        answer(request, response)
      })
    }
    await follow({ apiKey }).ready()
    const pair = Buffer.from(`${id.toString('base64url')}:${apiKey}`).toString('base64')
    expect(Object.fromEntries(shown)).toEqual({
      ...{ [metadataPath]: undefined, [keysPath]: undefined, [feedPath]: `Basic ${pair}` },
    })
  })

  it.each([
    ...['', 'x', apiKey.slice(0, -1), `${apiKey}A`, ` ${apiKey}`, `${apiKey}\n`, apiKey.replace('lkk_', 'lkr_')],
    ...[`lkk_${'+'.repeat(72)}`, `x${apiKey}`, `AAAA${apiKey}`, `${apiKey}AAAA`],
  ])('that is none is refused, and not repeated: %j', (text) => {
    expect(() => follow({ apiKey: text })).toThrow(
      new TypeError('apiKey must be an API key of the server: lkk_ and 72 characters'),
    )
  })
})

/** Sets the answer of a path, and notes when it is asked for. */
function record(path: string, answer: Handler): number[] {
  const times: number[] = []
  server.answers.set(path, (request, response) => {
    times.push(realNow())
    answer(request, response)
  })
  return times
}
const leastGap = (times: readonly number[]) => Math.min(...times.slice(1).map((time, i) => time - (times[i] as number)))

describe('a server', () => {
  it('that fails is asked once a second, one that answers more often', async () => {
    const failures = record(metadataPath, status(500))
    follow()
    await until(() => failures.length > 2)
    expect(leastGap(failures)).toBeGreaterThan(900)
    server.answers.set(metadataPath, json({ issuer, jwks_uri: server.url + keysPath }))
    await auth?.ready()
    const polls = record(`${feedPath}f~1`, json(page))
    await until(() => polls.length > 4)
    expect(leastGap(polls)).toBeGreaterThan(300)
    expect(leastGap(polls)).toBeLessThan(900)
  })

  it('that did not answer in time was waited for already', async () => {
    const times = record(metadataPath, () => {})
    follow()
    await until(() => times.length > 2)
    expect(leastGap(times)).toBeGreaterThan(2_300)
    expect(leastGap(times)).toBeLessThan(2_900)
    // The third time as long as the second, but for what a busy machine adds.
    expect((times[2] as number) - (times[1] as number)).toBeLessThan(4_500)
  })

  it('that takes a while is followed all the same once it failed', async () => {
    server.answers.set(metadataPath, status(500))
    await problemOf(follow())
    server.answers.set(metadataPath, (request, response) => {
      setTimeout(() => json({ issuer, jwks_uri: server.url + keysPath })(request, response), 200)
    })
    await auth?.ready()
    expect(auth?.status().problem).toBeUndefined()
  })

  it('is not asked any more by who is closed', async () => {
    await follow().ready()
    await auth?.close()
    const count = server.paths.length
    await pause(1_000)
    expect(server.paths).toHaveLength(count)
  })
})
