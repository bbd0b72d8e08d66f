/** When the keys of another issuer are read, and what is answered meanwhile. */
import { createAuth } from 'latchkey'
import { describe, expect, it } from 'vitest'
import { json, keysPath, metadataPath, type OwnIssuer, pause, status, until } from './any-jwt/own-issuer.js'
import { verdictOf } from './any-jwt/service.js'
import { first, second, useIssuer } from './any-jwt/use-issuer.js'
import { audience, encode } from './fixtures.js'

const own = useIssuer()
const { trust, serve, use, tokenOf } = own

const forged = (kid: string) => `${encode(JSON.stringify({ alg: 'RS256', kid }))}.${encode('{}')}.${'A'.repeat(342)}`

/** Keeps the answer of a path back until `release` is called. */
function hold(path: string): () => void {
  const answer = own.issuer.answers.get(path) as NonNullable<ReturnType<OwnIssuer['answers']['get']>>
  const waiting: (() => void)[] = []
  own.issuer.answers.set(path, (request, response) => void waiting.push(() => answer(request, response)))
  return () => {
    own.issuer.answers.set(path, answer)
    for (const go of waiting) go()
  }
}

describe('before the first keys', () => {
  it('the answer is 503, and no token causes a request', async () => {
    const release = hold(keysPath)
    const auth = trust()
    const service = await serve(auth)
    await until(() => own.issuer.fetches === 1)
    for (const token of [tokenOf(first), tokenOf(second), forged('x')]) {
      const answer = await service.get(token)
      expect(answer).toMatchObject({ status: 503, json: { code: 'busy' } })
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    release()
    await auth.ready()
    expect((await service.get(tokenOf(first))).status).toBe(200)
    expect(own.issuer.paths).toEqual([metadataPath, keysPath])
  })

  it('what fails is a problem, tried again after the gap, and then forgotten', async () => {
    own.issuer.answers.set(keysPath, status(500))
    const auth = trust({ maxAgeMs: 600_000, minGapMs: 100 })
    await until(() => auth.status().problem !== undefined)
    expect(auth.status()).toEqual({
      revocationsAgeMs: undefined,
      laggingDecisions: 0,
      cache: { hits: 0, misses: 0 },
      problem: `The keys of ${own.issuer.url} could not be read: ${own.issuer.url}/keys must answer 200, not 500`,
    })
    expect(verdictOf(auth, tokenOf(first))).toMatch(/^503 busy/)
    own.issuer.answers.set(keysPath, json({ keys: [first.publicJwk] }))
    await auth.ready()
    expect([auth.status().problem, verdictOf(auth, tokenOf(first))]).toEqual([undefined, 'user'])
  })
})

describe('a token of an unknown key', () => {
  it('makes the keys be read once the gap is over: 503 meanwhile, then the new key is known', async () => {
    const auth = trust({ maxAgeMs: 600_000, minGapMs: 100 })
    await auth.ready()
    own.issuer.keys = [first.publicJwk, second.publicJwk]
    expect(verdictOf(auth, tokenOf(second))).toMatch(/^401 token_invalid/)
    expect(own.issuer.fetches).toBe(1)
    await pause(110)
    const release = hold(keysPath)
    const service = await serve(auth)
    for (let i = 0; i < 3; i++) {
      const answer = await service.get(tokenOf(second))
      expect(answer).toMatchObject({ status: 503, json: { code: 'busy' } })
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    expect((await service.get(tokenOf(first))).status).toBe(200)
    await until(() => own.issuer.fetches === 2)
    release()
    await until(async () => (await service.get(tokenOf(second))).status === 200)
    expect((await service.get(tokenOf(first))).status).toBe(200)
    expect(own.issuer.fetches).toBe(2)
  })

  it('causes no second reading while one by age is under way, and is not told to wait for it', async () => {
    const auth = trust({ maxAgeMs: 100, minGapMs: 50 })
    await auth.ready()
    const release = hold(metadataPath)
    await until(() => own.issuer.paths.length === 3)
    await pause(60)
    expect(verdictOf(auth, tokenOf(second))).toMatch(/^401 token_invalid/)
    await pause(60)
    expect(own.issuer.paths).toHaveLength(3)
    release()
  })

  it('causes at most one reading in the gap, however many are forged', async () => {
    const gapMs = 300
    const auth = trust({ maxAgeMs: 600_000, minGapMs: gapMs })
    await auth.ready()
    const began = performance.now()
    for (let i = 0; performance.now() - began < 4 * gapMs; i++) {
      expect(verdictOf(auth, forged(`forged-${i}`))).not.toBe('user')
      if (i % 50 === 0) await pause(1)
    }
    await pause(50)
    expect(own.issuer.fetches).toBeGreaterThan(2)
    expect(own.issuer.fetches).toBeLessThanOrEqual(1 + 5)
  })

  it('causes none in the first 30 seconds as the package is', async () => {
    const auth = use(createAuth({ server: own.issuer.url, profile: 'any-jwt', audience }))
    await auth.ready()
    for (let i = 0; i < 500; i++) expect(verdictOf(auth, forged(`forged-${i}`))).toMatch(/^401 token_invalid/)
    await pause(200)
    expect(own.issuer.paths).toEqual([metadataPath, keysPath])
  })

  it('causes one while the issuer is down too, and none when it is not well-formed or names no key', async () => {
    const auth = trust({ maxAgeMs: 600_000, minGapMs: 200 })
    await auth.ready()
    own.issuer.answers.set(metadataPath, status(503))
    await pause(210)
    const none = ['a.b.c', `${forged('x')}=`, forged('x').replace(/\.[^.]*$/, ''), forged('')]
    const headers = [
      { alg: 'RS256' },
      { alg: 'none', kid: 'x' },
      { alg: 'HS256', kid: 'x' },
      { alg: 'RS512', kid: 'x' },
      { alg: 'RS256', kid: 7 },
      { alg: 'RS256', kid: 'x', typ: 'logout+jwt' },
      { alg: 'RS256', kid: 'x', crit: ['exp'] },
      { alg: 'RS256', kid: 'first' },
    ]
    none.push(...headers.map((header) => `${encode(JSON.stringify(header))}.e30.${'A'.repeat(342)}`))
    for (const token of none) expect(verdictOf(auth, token)).toMatch(/^401 token_invalid/)
    await pause(50)
    expect(own.issuer.paths).toHaveLength(2)
    for (let i = 0; i < 20; i++) verdictOf(auth, forged('x'))
    await until(() => auth.status().problem !== undefined)
    expect(verdictOf(auth, forged('x'))).toMatch(/^401 token_invalid/)
    expect(own.issuer.paths).toHaveLength(3)
    expect(verdictOf(auth, tokenOf(first))).toBe('user')
  })
})

describe('the keys', () => {
  it('are read again by age: what was taken from the set is refused, also where it was seen before', async () => {
    const auth = trust({ maxAgeMs: 50, minGapMs: 600_000 })
    await auth.ready()
    expect(verdictOf(auth, tokenOf(first))).toBe('user')
    own.issuer.keys = [second.publicJwk]
    await until(() => verdictOf(auth, tokenOf(first)) !== 'user')
    expect([verdictOf(auth, tokenOf(second)), verdictOf(auth, tokenOf(first)).slice(0, 3)]).toEqual(['user', '401'])
  })

  it('stay in use while the issuer is down, and the status says so', async () => {
    const auth = trust({ maxAgeMs: 50, minGapMs: 50 })
    await auth.ready()
    await own.issuer.close()
    await until(() => auth.status().problem !== undefined)
    expect(auth.status().problem).toMatch(/^The keys of http:\S+ could not be read: fetch failed: .*ECONNREFUSED/)
    expect(verdictOf(auth, tokenOf(first))).toBe('user')
  })

  it('are read no more after close, whatever token comes', async () => {
    const auth = trust({ maxAgeMs: 50, minGapMs: 50 })
    await auth.ready()
    await auth.close()
    const { length } = own.issuer.paths
    await pause(120)
    expect(verdictOf(auth, forged('x'))).toMatch(/^401 token_invalid/)
    await pause(50)
    expect(own.issuer.paths).toHaveLength(length)
  })
})
