/** A real OpenID provider (oidc-provider) that issues access tokens as JWTs, and ID tokens after a login. */
import { createServer } from 'node:http'
import Provider, { type Configuration } from 'oidc-provider'
import { listen } from '../guards/apps/listen.js'
import { type ForeignAlgorithm, type ForeignKeyPair, foreignAlgorithms } from './foreign-keys.js'

const clientId = 'shop'
const clientSecret = 'a secret of the shop that is long enough'
const redirectUri = 'http://127.0.0.1:1/back'

export interface OidcIssuer {
  readonly url: string
  readonly clientId: string
  /** What a token of this algorithm is issued for. */
  audienceOf(alg: ForeignAlgorithm): string
  /** By client credentials. */
  accessToken(alg: ForeignAlgorithm, scope?: string): Promise<string>
  /** By the authorization code flow, with a login and a consent. */
  idToken(): Promise<string>
  close(): Promise<void>
}

export async function startOidcIssuer(keys: readonly ForeignKeyPair[]): Promise<OidcIssuer> {
  const server = createServer()
  const { port, close } = await listen(server)
  const url = `http://127.0.0.1:${port}`
  server.on('request', new Provider(url, configuration(keys)).callback())

  async function askForToken(form: Record<string, string>): Promise<Record<string, string>> {
    const credentials = Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64')
    const response = await fetch(`${url}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams(form),
    })
    const answer = (await response.json()) as Record<string, string>
    if (!response.ok) throw new Error(JSON.stringify(answer))
    return answer
  }

  const audienceOf = (alg: ForeignAlgorithm) => `https://api.example/${alg}`
  return {
    ...{ url, clientId, close, audienceOf },
    async accessToken(alg, scope = 'order:read') {
      const form = { grant_type: 'client_credentials', resource: audienceOf(alg), scope }
      return (await askForToken(form)).access_token as string
    },
    async idToken() {
      const code = await logIn(url)
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier }
      return (await askForToken(form)).id_token as string
    },
  }
}

function configuration(keys: readonly ForeignKeyPair[]): Configuration {
  const ttl = { AccessToken: 600, ClientCredentials: 600, IdToken: 600, Grant: 600, Interaction: 600, Session: 600 }
  return {
    jwks: { keys: keys.map(({ privateJwk }) => privateJwk) } as NonNullable<Configuration['jwks']>,
    enabledJWA: { idTokenSigningAlgValues: [...foreignAlgorithms] },
    clients: [
      {
        ...{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] },
        ...{ grant_types: ['client_credentials', 'authorization_code'], response_types: ['code'] },
      },
    ],
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    cookies: { keys: ['for the tests'] },
    ttl,
    features: {
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'order:read order:* !order:cancel',
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: resource.split('/').at(-1) as ForeignAlgorithm } },
        }),
      },
    },
  }
}

/** RFC 7636 appendix B. */
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

/** Walks through the pages of the provider as a browser would; answers the code. */
async function logIn(url: string): Promise<string> {
  const cookies = new Map<string, string>()
  const query = new URLSearchParams({
    ...{ client_id: clientId, response_type: 'code', scope: 'openid', redirect_uri: redirectUri, nonce: 'once' },
    ...{ code_challenge: challenge, code_challenge_method: 'S256' },
  })
  let next = `${url}/auth?${query}`
  for (let step = 0; step < 12; step++) {
    const form = next.includes('/interaction/') ? await readForm(next, cookies) : undefined
    const response = await visit(next, cookies, form)
    next = new URL(response.headers.get('location') ?? '', next).href
    if (next.startsWith(redirectUri)) return new URL(next).searchParams.get('code') as string
  }
  throw new Error('The login did not end')
}

async function readForm(page: string, cookies: Map<string, string>): Promise<URLSearchParams> {
  const text = await (await visit(page, cookies)).text()
  const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1] as string
  return new URLSearchParams(prompt === 'login' ? { prompt, login: 'ann', password: 'any' } : { prompt })
}

async function visit(page: string, cookies: Map<string, string>, form?: URLSearchParams): Promise<Response> {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const response = await fetch(page, {
    ...(form && { method: 'POST', body: form }),
    headers: { cookie },
    redirect: 'manual',
  })
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string]
    if (value === '') cookies.delete(name)
    else cookies.set(name, value)
  }
  return response
}
