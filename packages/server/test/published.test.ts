/** What the server publishes of itself: its keys (RFC 7517), its metadata (RFC 8414), its OpenAPI document. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, ann, type Fixture, secret, useServer } from './server.js'

const jwksPath = '/.well-known/jwks.json'
const metadataPath = '/.well-known/oauth-authorization-server'

const servers = {
  EdDSA: useServer({ algorithm: 'EdDSA' }),
  ES256: useServer({ algorithm: 'ES256' }),
  HS256: useServer({ algorithm: 'HS256' }),
}
/** RFC 8037 section 2, RFC 7518 section 6.2.1, RFC 7517 section 4. */
const members = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519', x: /^[\w-]{43}$/ },
  ES256: { kty: 'EC', crv: 'P-256', x: /^[\w-]{43}$/, y: /^[\w-]{43}$/ },
}
const common = { alg: expect.any(String), kid: expect.stringMatching(/^[\w-]{43}$/), use: 'sig' }

describe.each(['EdDSA', 'ES256'] as const)('the key set of a server that signs with %s', (algorithm) => {
  const server = servers[algorithm]
  // For the commands beside it.
  beforeAll(() => writeFileSync(join(server.folder, 'latchkey.config.json'), JSON.stringify({ algorithm })))
  const { kty, crv, ...numbers } = members[algorithm]
  const expected = {
    ...{ kty, crv, ...common, alg: algorithm },
    ...Object.fromEntries(Object.entries(numbers).map(([name, form]) => [name, expect.stringMatching(form)])),
  }

  it('has its own media type, and of each key its public members and no other, after each change of the keys', async () => {
    const kids = new Set<string>()
    for (const command of [
      ['key', 'list'],
      ['key', 'rotate', '--now'],
      ['key', 'rotate', '--now'],
    ]) {
      expect(await server.run(...command)).toBe(0)
      await expect.poll(() => readSet(server, kids), { timeout: 10_000 }).toBe(true)
    }
    expect(kids.size).toBeGreaterThanOrEqual(4)
  })

  async function readSet(fixture: Fixture, kids: Set<string>): Promise<boolean> {
    const known = kids.size
    const { status, headers, json } = await fixture.ask('GET', jwksPath)
    expect([status, headers.get('content-type')]).toEqual([200, 'application/jwk-set+json'])
    expect(Object.keys(json).sort()).toEqual(['keys', 'keys_version'])
    expect(json.keys.length).toBeGreaterThanOrEqual(2)
    for (const key of json.keys) {
      expect(key).toEqual(expected)
      kids.add(key.kid)
    }
    return kids.size > known
  }
})

it('the key set of a server that signs with a shared secret is empty, and nowhere is that secret', async () => {
  const { headers, json } = await servers.HS256.ask('GET', jwksPath)
  expect([headers.get('content-type'), json.keys]).toEqual(['application/jwk-set+json', []])
  expect((await servers.HS256.ask('GET', metadataPath)).json).not.toHaveProperty('jwks_uri')
})

it.each(['EdDSA', 'ES256', 'HS256'] as const)('the metadata of %s is application/json', async (algorithm) => {
  const { status, headers } = await servers[algorithm].ask('GET', metadataPath)
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json'])
})

const proxied = [
  useServer({ trustedProxies: 1, issuer: 'https://id.example/tenant', audiences: ['orders'] }),
  useServer({ trustedProxies: 1 }),
]

describe.each([
  ['an issuer', 0],
  ['the default issuer', 1],
] as const)('behind a proxy that is trusted, with %s', (_, number) => {
  const server = proxied[number] as Fixture
  beforeAll(async () => void (await server.post('/v1/client/register', ann)))

  const spoofed: Record<string, string>[] = [
    { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' },
    { 'x-forwarded-host': 'evil.example, id.example', 'x-forwarded-proto': 'https, http', 'x-forwarded-port': '8443' },
    { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'javascript' },
    { forwarded: 'for=192.0.2.1;host=evil.example;proto=http', 'x-forwarded-server': 'evil.example' },
    { 'x-original-url': '/v1/user', 'x-rewrite-url': '/v1/user', 'x-forwarded-prefix': '/evil' },
    { host: 'evil.example', 'x-host': 'evil.example', 'x-http-host-override': 'evil.example' },
  ]
  const plainOf = ({ status, headers, text }: Answer) => [status, headers.get('content-type'), text]

  it.each([metadataPath, '/openapi.json', jwksPath, '/healthz', '/nowhere', '/v1/user'])(
    '%s is the same whatever the headers say',
    async (path) => {
      const plain = await server.ask('GET', path)
      expect(plain.text).not.toContain('127.0.0.1')
      for (const headers of spoofed) expect(plainOf(await server.ask('GET', path, { headers }))).toEqual(plainOf(plain))
    },
  )

  it('a login is of the same issuer and for the same audience, and opens a route', async () => {
    const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
    const { iss, aud } = claimsOf(await server.logIn())
    expect([iss, aud]).toEqual(
      number === 0
        ? ['https://id.example/tenant', ['https://id.example/tenant', 'orders']]
        : [localIssuer, [localIssuer]],
    )
    for (const headers of spoofed) {
      const { status, json } = await server.ask('POST', '/v1/token', {
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ account: ann.account, secret, type: 100 }),
      })
      const claims = claimsOf(json.token)
      expect([status, claims.iss, claims.aud]).toEqual([201, iss, aud])
      expect((await server.ask('GET', '/v1/user', { token: json.token, headers })).status).toBe(200)
      const answer = await server.post('/v1/token/refresh', { refresh_token: json.refresh_token })
      expect(claimsOf(answer.json.token)).toMatchObject({ iss, aud })
    }
  })
})
const localIssuer = 'http://localhost:4000'

it('nothing of all this was the fault of a server', () => {
  expect([...Object.values(servers), ...proxied].flatMap(({ log }) => log)).toEqual([])
})
