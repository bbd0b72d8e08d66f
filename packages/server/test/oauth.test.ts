/** What OAuth client libraries do with the server: `openid-client` finds it, gets tokens, introspects and revokes them. */
import * as oauth from 'openid-client'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../src/store/open-store.js'
import { ann, ask, secret, useServer } from './server.js'

const issuer = 'https://id.example'
const server = useServer({ issuer, audiences: ['orders'] })
const root = { ...ann, account: 'root@example.org' }
beforeAll(async () => {
  await server.post('/v1/client/register', ann)
  await server.post('/v1/client/register', root)
  await server.run('user', 'role', root.account, 'admin')
})

interface Key {
  readonly id: string
  readonly key: string
}
const logIn = async (account: string, more: object = {}) =>
  (await server.post('/v1/token', { account, secret, type: 100, ...more })).json
async function makeKey(account: string, form: object = {}): Promise<Key> {
  const { token } = await logIn(account)
  const body = JSON.stringify({ name: 'program', ...form })
  return (
    await server.ask('POST', '/v1/user/api-keys', { token, headers: { 'content-type': 'application/json' }, body })
  ).json
}
let anns: Key
let resource: Key
beforeEach(async () => {
  anns = await makeKey(ann.account)
  resource = await makeKey(root.account, { scope: 'token:introspect' })
})

/** As behind a proxy that ends TLS: the library speaks to the issuer, and the server answers. */
const behindProxy: oauth.CustomFetch = (url, options) =>
  fetch(url.replace(issuer, server.url), options as unknown as RequestInit)
const discover = ({ id, key }: Key, method: oauth.ClientAuth) =>
  oauth.discovery(new URL(issuer), id, key, method, { algorithm: 'oauth2', [oauth.customFetch]: behindProxy })

const methods = { basic: oauth.ClientSecretBasic, post: oauth.ClientSecretPost }
const form = (path: string, body: Record<string, string> | string, headers: Record<string, string> = {}) =>
  ask(server.url, 'POST', path, {
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(body).toString(),
  })
const basic = (id: string, key: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${key}`).toString('base64')}`,
})
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

describe('POST /v1/token/introspect (RFC 7662)', () => {
  const introspect = async (token: string, headers = basic(resource.id, resource.key)) =>
    (await form('/v1/token/introspect', { token }, headers)).json

  it('says of a login’s token what it says, whomever it is for', async () => {
    const { token, uid } = await logIn(ann.account, { audience: ['orders'], scope: 'user:read' })
    expect(await introspect(token)).toEqual({
      ...{ active: true, token_type: 'Bearer', iss: issuer, aud: ['orders'], sub: uid, client_id: 'latchkey' },
      ...{ scope: 'user:read', client_type: 100, gen: 0, sid: expect.any(String), jti: expect.any(String) },
      ...{ iat: expect.any(Number), exp: expect.any(Number), auth_time: expect.any(Number) },
    })
  })

  it('says of everything else that it is not active, and no more', async () => {
    const { token, refresh_token } = await logIn(ann.account)
    const forged = `${token.slice(0, -4)}AAAA`
    for (const text of [refresh_token, anns.key, forged, 'x', '']) {
      const { json } = await server.ask('POST', '/v1/token/introspect', {
        headers: { 'content-type': 'application/json', ...basic(resource.id, resource.key) },
        body: JSON.stringify({ token: text }),
      })
      expect(json).toEqual({ active: false })
    }
    // Nothing happened to the login.
    expect((await server.post('/v1/token/refresh', { refresh_token })).status).toBe(201)
  })

  it('knows at once what was refreshed, revoked, or lowered', async () => {
    const { token, uid } = await logIn(root.account)
    expect(uid).toBe('2')
    expect((await introspect(token)).active).toBe(true)
    await form('/v1/token/revoke', { token })
    expect(await introspect(token)).toEqual({ active: false })
    const lowered = await logIn(ann.account)
    await server.run('user', 'role', ann.account, 'admin')
    expect(await introspect(lowered.token)).toEqual({ active: false })
    await server.run('user', 'role', ann.account, 'user')
    const bob = { ...ann, account: 'bob@example.org' }
    await server.post('/v1/client/register', bob)
    const disabled = await logIn(bob.account)
    await server.run('user', 'disable', bob.account)
    expect(await introspect(disabled.token)).toEqual({ active: false })
    // What the database says is ahead of every feed.
    const ended = await logIn(ann.account)
    const store = await openStore(server.database.storeOptions)
    const { sid } = await introspect(ended.token)
    await store.transaction((t) => t.updateTable('sessions').set({ ended_at: 1 }).where('sid', '=', sid).execute())
    await store.close()
    expect(await introspect(ended.token)).toEqual({ active: false })
  })

  it('takes an access token with the scope, by Bearer or Basic', async () => {
    const { token } = await logIn(root.account)
    for (const headers of [{ authorization: `Bearer ${token}` }, basic(token, '')]) {
      expect((await introspect(token, headers)).active).toBe(true)
    }
  })

  it('is for nobody else', async () => {
    const { token } = await logIn(ann.account)
    const wide = await makeKey(root.account, { scope: 'user:read' })
    const ask = async (headers: Record<string, string>) => {
      const { status, json, headers: answered } = await form('/v1/token/introspect', { token }, headers)
      return [status, json.error, answered.get('www-authenticate')?.split(' ')[0]]
    }
    expect(await ask({})).toEqual([401, 'invalid_client', 'Bearer'])
    expect(await ask({ authorization: `Bearer ${token}` })).toEqual([403, 'unauthorized_client', 'Bearer'])
    expect(await ask(basic(anns.id, anns.key))).toEqual([403, 'unauthorized_client', 'Bearer'])
    expect(await ask(basic(wide.id, wide.key))).toEqual([403, 'unauthorized_client', 'Bearer'])
    expect(await ask(basic(anns.id, resource.key))).toEqual([401, 'invalid_client', 'Basic'])
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
