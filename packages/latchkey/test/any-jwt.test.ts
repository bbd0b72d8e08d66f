/** `createAuth` with the profile `any-jwt` against a real OpenID provider, with a real guard on a real socket. */
import { type Auth, createAuth } from 'latchkey'
import { createSigner, generateKey } from 'latchkey/token'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ForeignAlgorithm, foreignAlgorithms, makeKeyPair } from './any-jwt/foreign-keys.js'
import { type OidcIssuer, startOidcIssuer } from './any-jwt/oidc-issuer.js'
import { startService, verdictOf } from './any-jwt/service.js'
import { sid } from './fixtures.js'

let oidc: OidcIssuer
const opened: { close(): Promise<void> }[] = []
beforeAll(async () => {
  oidc = await startOidcIssuer(foreignAlgorithms.map((alg) => makeKeyPair(alg)))
  opened.push(oidc)
})
afterAll(async () => {
  for (const one of opened.reverse()) await one.close()
})

async function trust(audience: string): Promise<Auth> {
  const auth = createAuth({ server: oidc.url, profile: 'any-jwt', audience })
  opened.push(auth)
  await auth.ready()
  return auth
}

async function serve(alg: ForeignAlgorithm) {
  const service = await startService(await trust(oidc.audienceOf(alg)))
  opened.push(service)
  return service
}

describe('an access token of an OpenID provider', () => {
  it.each(foreignAlgorithms)('passes the guard when it is signed with %s', async (alg) => {
    const { get } = await serve(alg)
    const token = await oidc.accessToken(alg)
    const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
    const user = { uid: oidc.clientId, clientType: 0, scopes: ['order:read'], sid: '' }
    const moments = {
      issuedAt: new Date(iat * 1000).toISOString(),
      expiresAt: new Date(exp * 1000).toISOString(),
    }
    for (const path of ['/', '/orders'] as const) {
      expect(await get(token, path)).toMatchObject({ status: 200, json: { ...user, ...moments } })
    }
  })

  it.each(foreignAlgorithms)('is refused for another API, by the key of %s all the same', async (alg) => {
    const { get } = await serve(alg)
    for (const other of foreignAlgorithms.filter((one) => one !== alg)) {
      const answer = await get(await oidc.accessToken(other))
      expect(answer).toMatchObject({ status: 401, json: { code: 'token_invalid' } })
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
  })

  it('grants no scope that would be a pattern here', async () => {
    const { get } = await serve('RS256')
    const token = await oidc.accessToken('RS256', 'order:* !order:cancel')
    expect(await get(token)).toMatchObject({ status: 200, json: { scopes: [] } })
    expect(await get(token, '/orders')).toMatchObject({ status: 403, json: { code: 'forbidden' } })
  })

  it('is no proof of a new login where it does not say when that was', async () => {
    const { get } = await serve('ES256')
    expect(await get(await oidc.accessToken('ES256'), '/recent')).toMatchObject({
      status: 401,
      json: { code: 'login_too_old' },
    })
  })
})

describe('what is none', () => {
  it('is an ID token of the same provider, for this API and for its client', async () => {
    const token = await oidc.idToken()
    expect(JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())).toMatchObject({
      sub: 'ann',
      aud: oidc.clientId,
      nonce: 'once',
    })
    expect(verdictOf(await trust(oidc.audienceOf('RS256')), token)).toMatch(/^401 token_invalid/)
    expect(verdictOf(await trust(oidc.clientId), token)).toBe('401 token_invalid: An ID token is no access token')
  })

  it('is a token that a Latchkey server signs, even in the name of the provider', async () => {
    const auth = await trust('orders')
    for (const alg of ['EdDSA', 'ES256', 'HS256'] as const) {
      const signer = createSigner({ key: generateKey(alg), issuer: oidc.url, audience: 'orders', ttlSeconds: 60 })
      const token = signer.issue({ uid: '1', clientType: 100, scopes: [], sid, gen: 0 })
      expect(verdictOf(auth, token)).toMatch(/^401 token_invalid/)
    }
  })

  it.each(['EdDSA', 'ES256'] as const)('is a token of the provider at a guard for Latchkey, by %s', async (alg) => {
    const keys = (await (await fetch(`${oidc.url}/jwks`)).json()) as { keys: { alg: string }[] }
    const auth = createAuth({
      keys: keys.keys.filter((key) => key.alg === alg) as never,
      issuer: oidc.url,
      audience: oidc.audienceOf(alg),
    })
    expect(verdictOf(auth, await oidc.accessToken(alg))).toMatch(/^401 token_invalid/)
  })
})
