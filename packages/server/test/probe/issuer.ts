/** An issuer that is not ours: its metadata, its key set, and tokens of every kind. */
import { createServer, type RequestListener, type Server } from 'node:http'
import * as jose from 'jose'
import { afterAll } from 'vitest'
import { closeServer, listen } from '../server.js'

export interface Issuer {
  readonly url: string
  readonly publicPem: string
  readonly keySet: ReturnType<typeof jose.createLocalJWKSet>
  token(claims?: jose.JWTPayload, expiresAt?: string | number): Promise<string>
}

/** Closed after the tests of the file. */
export async function startIssuer(alg: 'RS256' | 'ES256' | 'EdDSA'): Promise<Issuer> {
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true })
  const jwks = { keys: [{ ...(await jose.exportJWK(publicKey)), kid: 'one', alg, use: 'sig' }] }
  const url = await serveApp((request, response) => {
    const body = request.url === '/keys' ? jwks : { issuer: url, jwks_uri: `${url}/keys` }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  })
  return {
    url,
    publicPem: await jose.exportSPKI(publicKey),
    keySet: jose.createLocalJWKSet(jwks),
    token: (claims = {}, expiresAt = '1h') =>
      new jose.SignJWT({ scope: 'order:read', ...claims })
        .setProtectedHeader({ alg, kid: 'one', typ: 'at+jwt' })
        .setIssuer(url)
        .setAudience((claims.aud as string | undefined) ?? 'orders')
        .setSubject('ann')
        .setIssuedAt()
        .setExpirationTime(expiresAt)
        .sign(privateKey),
  }
}

/** The address of an application on a free port; closed after the tests of the file. */
export async function serveApp(app: RequestListener): Promise<string> {
  const server = createServer(app)
  serving.push(server)
  return `http://127.0.0.1:${await listen(server)}`
}

// A hook that a test adds while it runs is never called.
const serving: Server[] = []
afterAll(async () => {
  for (const server of serving) await closeServer(server)
})
