/** What the tests of the threat list share: verifiers, a guard's decision, and what counts as refused. */
import { createAuth } from 'latchkey'
import { verifyCompact } from 'latchkey/jws'
import { createSigner, createVerifier, type Key, type Verifier } from 'latchkey/token'
import { expect } from 'vitest'
import { audience, claims, clock, issuer, keys, refusalOf, sid } from './fixtures.js'

export const secrets = [keys.HS256, keys.HS384, keys.HS512]
export const pairs = [keys.EdDSA, keys.ES256]
export const payload = JSON.stringify(claims)

export const verifierOf = (list: readonly Key[], cacheEntries = 100): Verifier =>
  createVerifier({ keys: list, issuer, audience, clock, cacheEntries })

/** Refused by the verifier of access tokens and by the low-level one. */
export function expectForged(token: string, list: readonly Key[] = pairs): void {
  for (const verify of [() => verifierOf(list).verify(token), () => verifyCompact(token, list)]) {
    expect(refusalOf(verify), token.slice(0, 300)).toBe('token_invalid')
  }
}

export const key = keys.HS256
export const { verify } = createVerifier({ keys: [keys.HS256, keys.HS512], issuer, audience, clock })
export const auth = createAuth({ keys: key, issuer, clock })
export const { issue } = createSigner({ key, issuer, audience: issuer, ttlSeconds: 60, clock })
export const subject = { uid: '1', clientType: 100, scopes: ['order:*'], sid, gen: 0 }
export const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }

/** What a guard answers to these Authorization lines. */
export function decide(...authorization: string[]) {
  const absent = { host: 'api.example', origin: undefined, fetchSite: undefined, fetchMode: undefined }
  return auth.decide({ method: 'GET', url: '/orders', authorization, preflight: false, ...absent }, need)
}

export const statusOf = (...lines: string[]) => decide(...lines).status ?? 'user'
