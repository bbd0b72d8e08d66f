/** What OAuth client libraries do with the server: `openid-client` finds it, gets tokens, introspects and revokes them. */
import * as oauth from 'openid-client'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { basic, type Key, makeKey, sendForm } from './oauth/clients.js'
import { ann, secret, useServer } from './server.js'

const issuer = 'https://id.example'
const server = useServer({ issuer, audiences: ['orders'] })
const root = { ...ann, account: 'root@example.org' }
beforeAll(async () => {
  await server.post('/v1/client/register', ann)
  await server.post('/v1/client/register', root)
  await server.run('user', 'role', root.account, 'admin')
})

const logIn = async (account: string, more: object = {}) =>
  (await server.post('/v1/token', { account, secret, type: 100, ...more })).json
let anns: Key
let resource: Key
beforeEach(async () => {
  anns = await makeKey(server, await server.logIn())
  resource = await makeKey(server, await server.logIn(root.account), { scope: 'token:introspect' })
})

/** As behind a proxy that ends TLS: the library speaks to the issuer, and the server answers. */
const behindProxy: oauth.CustomFetch = (url, options) =>
  fetch(url.replace(issuer, server.url), options as unknown as RequestInit)
const discover = ({ id, key }: Key, method: oauth.ClientAuth) =>
  oauth.discovery(new URL(issuer), id, key, method, { algorithm: 'oauth2', [oauth.customFetch]: behindProxy })

const methods = { basic: oauth.ClientSecretBasic, post: oauth.ClientSecretPost }
const form = (path: string, body: Record<string, string> | string, headers: Record<string, string> = {}) =>
  sendForm(server.url, path, body, headers)
const grant = { grant_type: 'client_credentials' }

describe.each(['basic', 'post'] as const)('openid-client, with client_secret_%s', (method) => {
  it('gets a token that a guard takes, and narrows it', async () => {
    const config = await discover(anns, methods[method](anns.key))
    const answer = await oauth.clientCredentialsGrant(config)
    expect(answer).toMatchObject({ token_type: 'bearer', expires_in: 7200, scope: 'user:read user:write' })
    expect((await server.ask('GET', '/v1/user', { token: answer.access_token })).status).toBe(200)
    expect((await oauth.clientCredentialsGrant(config, { scope: 'user:read' })).scope).toBe('user:read')
  })

  it('introspects and revokes', async () => {
    const { access_token } = await oauth.clientCredentialsGrant(await discover(anns, methods[method](anns.key)))
    const config = await discover(resource, methods[method](resource.key))
    expect(await oauth.tokenIntrospection(config, access_token)).toMatchObject({
      ...{
        active: true,
        iss: issuer,
        sub: '1',
        client_id: anns.id,
        scope: 'user:read user:write',
        token_type: 'Bearer',
      },
      ...{ aud: [issuer, 'orders'], sid: anns.id, client_type: 300 },
    })
    await oauth.tokenRevocation(config, access_token)
    expect(await oauth.tokenIntrospection(config, access_token)).toEqual({ active: false })
  })

  it('is told invalid_scope for a scope that is none', async () => {
    const failure = oauth.clientCredentialsGrant(await discover(anns, methods[method](anns.key)), {
      scope: 'all of it',
    })
    await expect(failure).rejects.toBeInstanceOf(oauth.ResponseBodyError)
    await expect(failure).rejects.toMatchObject({
      ...{ status: 400, error: 'invalid_scope', error_description: expect.stringMatching(/./) },
      cause: { code: 'parameter_invalid', error_code: 1000, msg: { scope: [expect.any(String)] } },
    })
  })

  it('is told invalid_client for a wrong key', async () => {
    const wrong = { ...anns, key: resource.key }
    const failure = oauth.clientCredentialsGrant(await discover(wrong, methods[method](wrong.key)))
    // It shows the challenge, which every 401 has, and leaves the body to be read.
    const { status, code, cause, response } = (await failure.catch(
      (error: unknown) => error,
    )) as oauth.WWWAuthenticateChallengeError
    expect([status, code]).toEqual([401, 'OAUTH_WWW_AUTHENTICATE_CHALLENGE'])
    expect(cause.map(({ scheme }) => scheme)).toEqual(['basic'])
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toMatchObject({ error: 'invalid_client', code: 'auth_failed' })
  })

  it('is told unauthorized_client, or why not, where it may not introspect', async () => {
    const config = await discover(anns, methods[method](anns.key))
    const { access_token } = await oauth.clientCredentialsGrant(config)
    const { status, response } = (await oauth
      .tokenIntrospection(config, access_token)
      .catch((error: unknown) => error)) as oauth.WWWAuthenticateChallengeError
    expect([status, (await response.json()).error]).toEqual([403, 'unauthorized_client'])
  })
})

describe('POST /oauth/token (RFC 6749 section 4.4)', () => {
  it('answers as the standard says, and nothing may keep it', async () => {
    const { status, json, headers } = await form('/oauth/token', grant, basic(anns.id, anns.key))
    expect([status, Object.keys(json)]).toEqual([200, ['access_token', 'token_type', 'expires_in', 'scope']])
    expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache'])
  })

  it('reads Basic as a form is written, and ignores what it does not know and what is empty', async () => {
    const written = basic(anns.id.replaceAll('-', '%2D').replaceAll('_', '%5F'), anns.key.replaceAll('_', '%5f'))
    const { status } = await form('/oauth/token', { ...grant, resource: 'https://x.example', scope: '' }, written)
    expect(status).toBe(200)
  })

  it.each([
    ['no client', {}, {}, 401, 'invalid_client'],
    ['a client without its key', { client_id: 'x' }, {}, 401, 'invalid_client'],
    ['a wrong key', { client_id: 'x', client_secret: 'lkk_x' }, {}, 401, 'invalid_client'],
    ['Basic that is none', {}, { authorization: 'Basic %%%' }, 401, 'invalid_client'],
    ['an access token', {}, { authorization: 'Bearer x.y.z' }, 401, 'invalid_client'],
    ['no grant type', { grant_type: '' }, {}, 400, 'invalid_request'],
    ['another grant', { grant_type: 'password' }, {}, 400, 'unsupported_grant_type'],
    ['a scope that is none', { scope: 'all of it' }, undefined, 400, 'invalid_scope'],
  ])('refuses %s', async (_, more, headers, expected, error) => {
    const answer = await form('/oauth/token', { ...grant, ...more }, headers ?? basic(anns.id, anns.key))
    expect([answer.status, answer.json.error]).toEqual([expected, error])
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(typeof answer.json.error_description).toBe('string')
    if (expected === 401) {
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="latchkey", charset="UTF-8"')
    }
  })

  it('refuses two ways at once, a repeated field, and JSON', async () => {
    const both = await form('/oauth/token', { ...grant, client_secret: anns.key }, basic(anns.id, anns.key))
    const twice = await form('/oauth/token', `grant_type=client_credentials&grant_type=x`, basic(anns.id, anns.key))
    expect([both.json.error, twice.json.error]).toEqual(['invalid_request', 'invalid_request'])
    const json = await server.ask('POST', '/oauth/token', {
      headers: { 'content-type': 'application/json', ...basic(anns.id, anns.key) },
      body: JSON.stringify(grant),
    })
    expect([json.status, json.json.error]).toEqual([415, 'invalid_request'])
  })

  it('knows no account with a password', async () => {
    const { status, json } = await form('/oauth/token', grant, basic(ann.account, secret))
    expect([status, json.error]).toEqual([401, 'invalid_client'])
  })
})

describe('revoking', () => {
  it('ends the login of a token that is for another audience alone', async () => {
    const { token, refresh_token } = await logIn(ann.account, { audience: ['orders'] })
    expect((await form('/v1/token/revoke', { token })).status).toBe(200)
    expect((await server.post('/v1/token/refresh', { refresh_token })).json.code).toBe('refresh_invalid')
  })
})

describe('the metadata (RFC 8414)', () => {
  it('is the server’s own word, whatever Host and proxy headers say, and names what there is', async () => {
    const path = '/.well-known/oauth-authorization-server'
    const spoofed = { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
    const { status, json } = await server.ask('GET', path, { headers: spoofed })
    const clientMethods = ['client_secret_basic', 'client_secret_post']
    expect({ status, json }).toEqual({
      status: 200,
      json: {
        ...{ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` },
        ...{ token_endpoint: `${issuer}/oauth/token`, token_endpoint_auth_methods_supported: clientMethods },
        ...{ grant_types_supported: ['client_credentials'], response_types_supported: [] },
        ...{ revocation_endpoint: `${issuer}/v1/token/revoke`, revocation_endpoint_auth_methods_supported: ['none'] },
        introspection_endpoint: `${issuer}/v1/token/introspect`,
        introspection_endpoint_auth_methods_supported: clientMethods,
      },
    })
  })
})

it('nothing of all this was the fault of the server', () => {
  expect(server.log).toEqual([])
})
