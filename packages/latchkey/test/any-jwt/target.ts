/** What the tests of attacks share: an issuer with a key of each algorithm, and two guards that trust it. */
import { type Auth, createAuth } from 'latchkey'
import { afterAll, beforeAll, expect } from 'vitest'
import { audience, clock, encode, now } from '../fixtures.js'
import { type ForeignKeyPair, foreignAlgorithms, makeKeyPair } from './foreign-keys.js'
import { type OwnIssuer, startOwnIssuer } from './own-issuer.js'
import { verdictOf } from './service.js'

export const pairs = foreignAlgorithms.map((alg) => makeKeyPair(alg))
export const [rs, ps, es] = pairs as [ForeignKeyPair, ForeignKeyPair, ForeignKeyPair]
export const byAlgorithm = pairs.map((pair) => [pair.alg, pair] as const)

export const headerOf = ({ alg, kid }: ForeignKeyPair, more: object = {}) => ({ alg, kid, typ: 'at+jwt', ...more })

/** To be called once in a file. */
export function useTarget() {
  let issuer: OwnIssuer
  let auth: Auth
  let uncached: Auth
  beforeAll(async () => {
    const secret = { kty: 'oct', k: encode('x'.repeat(64)), kid: 'oct' }
    issuer = await startOwnIssuer([...pairs.map(({ publicJwk }) => publicJwk), secret])
    const options = { server: issuer.url, profile: 'any-jwt', audience, clock } as const
    auth = createAuth(options)
    uncached = createAuth({ ...options, cacheEntries: 0 })
    await Promise.all([auth.ready(), uncached.ready()])
  })
  afterAll(async () => {
    await Promise.all([auth.close(), uncached.close(), issuer.close()])
  })

  const claimsOf = (more: object = {}) => ({
    ...{ iss: issuer.url, aud: audience, sub: 'ann', iat: now, exp: now + 600, jti: 'x', scope: 'order:read' },
    ...more,
  })
  return {
    get issuer() {
      return issuer
    },
    /** The one that remembers tokens, and the one that does not. */
    get auths() {
      return [auth, uncached] as const
    },
    claimsOf,
    tokenOf: (pair: ForeignKeyPair, claims: object = {}, header: object = {}) =>
      pair.sign(headerOf(pair, header), claimsOf(claims)),
    expectRefused(token: string, what = token): void {
      for (const one of [auth, uncached, auth]) {
        expect([what, verdictOf(one, token)]).toEqual([what, expect.stringMatching(/^401 token_invalid/)])
      }
    },
    expectUser(token: string, what = token): void {
      for (const one of [auth, uncached, auth]) expect([what, verdictOf(one, token)]).toEqual([what, 'user'])
    },
  }
}
