import { createRoute, z } from '@hono/zod-openapi'
import { LatchkeyError } from 'latchkey'
import { apiKeyType } from '../../client-types/client-type.js'
import type { Api, ApiParts } from '../api-context.js'
import { clientRefused, readClientCredentials } from '../client-credentials.js'
import { oauthErrors, otherGrant } from '../oauth-errors.js'
import { readFormBody, readFormOrJsonBody } from '../read-json-body.js'
import { requireScope } from '../require-scope.js'
import { jsonAnswer, jsonBody, lenientBody, oauthProblems, text } from '../schemas.js'

const client = {
  client_id: text({ description: 'The id of an API key, unless it is sent by Basic.' }).optional(),
  client_secret: text({ description: 'The API key, unless it is sent by Basic.' }).optional(),
}

const grant = lenientBody('ClientCredentials', {
  grant_type: text({ description: 'Must be client_credentials.', example: 'client_credentials' }),
  scope: text({ description: 'Cuts the scopes of this token. Default: those of the key.', maxLength: 1024 }).optional(),
  ...client,
})

const granted = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().openapi({ description: 'Seconds from now.', example: 7200 }),
    scope: z.string().openapi({ example: 'user:read' }),
  })
  .openapi('ClientToken')

const revocation = lenientBody('Revocation', {
  token: text({ description: 'An access token, a refresh token or an API key.', maxLength: 8192 }),
  token_type_hint: text({ description: 'Is not needed: what it is can be seen.', example: 'refresh_token' }).optional(),
})
const revoked = z.object({}).openapi('Revoked')

const question = lenientBody('IntrospectionRequest', {
  token: text({ description: 'An access token.', maxLength: 8192 }),
  token_type_hint: text({ description: 'Is not needed.', example: 'access_token' }).optional(),
  ...client,
})
const introspection = z
  .object({
    active: z.boolean(),
    token_type: z.literal('Bearer').optional(),
    ...{ iss: z.string().optional(), aud: z.union([z.string(), z.array(z.string()).readonly()]).optional() },
    ...{ sub: z.string().optional(), client_id: z.string().optional(), scope: z.string().optional() },
    ...{ iat: z.int().optional(), exp: z.int().optional(), nbf: z.int().optional(), auth_time: z.int().optional() },
    ...{ jti: z.string().optional(), sid: z.string().optional(), gen: z.int().optional() },
    client_type: z.int().optional(),
  })
  .openapi('Introspection', { description: 'With `active` true the claims of the token; with false nothing else.' })

const metadata = z
  .object({
    issuer: z.string(),
    jwks_uri: z.string().optional(),
    token_endpoint: z.string(),
    token_endpoint_auth_methods_supported: z.array(z.string()),
    grant_types_supported: z.array(z.string()),
    response_types_supported: z.array(z.string()),
    revocation_endpoint: z.string(),
    revocation_endpoint_auth_methods_supported: z.array(z.string()),
    introspection_endpoint: z.string(),
    introspection_endpoint_auth_methods_supported: z.array(z.string()),
  })
  .openapi('ServerMetadata')

/** What OAuth libraries call, in their spelling: RFC 6749 section 4.4, RFC 7009, RFC 7662, RFC 8414. */
export function addOauthRoutes(app: Api, parts: ApiParts): void {
  const { login, revoke, introspect, issuer, signingKeys, callerOf } = parts

  const grantToken = createRoute({
    method: 'post',
    path: '/oauth/token',
    operationId: 'grantToken',
    tags: ['oauth'],
    summary: 'Exchange an API key for an access token (RFC 6749 section 4.4)',
    middleware: [oauthErrors, readFormBody] as const,
    request: jsonBody(grant),
    responses: { 200: jsonAnswer('The access token.', granted), ...oauthProblems(400, 401, 413, 415, 429, 503) },
  })
  app.openapi(grantToken, async (c) => {
    const form = c.req.valid('json')
    if (form.grant_type !== 'client_credentials') {
      throw new LatchkeyError('parameter_invalid', { msg: { grant_type: [otherGrant] } })
    }
    const credentials = readClientCredentials(c, form)
    if (credentials === undefined) throw clientRefused()
    const { id: account, secret } = credentials
    const { addressPrefix, requestId } = callerOf(c)
    const exchange = { type: apiKeyType, account, secret, scope: form.scope, addressPrefix, requestId }
    const answer = await login(exchange).catch(asClient)
    const { token: access_token, token_type, expires_in, scope } = answer
    return c.json({ access_token, token_type, expires_in, scope }, 200, { pragma: 'no-cache' })
  })

  const revokeToken = createRoute({
    method: 'post',
    path: '/v1/token/revoke',
    operationId: 'revoke',
    tags: ['oauth'],
    summary: 'Log out: either token of a login ends it, an API key itself (RFC 7009)',
    middleware: [oauthErrors, readFormOrJsonBody] as const,
    request: jsonBody(revocation),
    responses: {
      200: jsonAnswer('It is not good any more, or never was.', revoked),
      ...oauthProblems(400, 413, 415, 503),
    },
  })
  app.openapi(revokeToken, async (c) => {
    await revoke(c.req.valid('json').token, callerOf(c))
    return c.json({}, 200)
  })

  const introspectToken = createRoute({
    method: 'post',
    path: '/v1/token/introspect',
    operationId: 'introspect',
    tags: ['oauth'],
    summary: 'Whether an access token is good at this moment (RFC 7662); needs the scope `token:introspect`',
    security: [{ bearer: [] }, { apiKey: [] }],
    middleware: [oauthErrors, readFormOrJsonBody] as const,
    request: jsonBody(question),
    responses: { 200: jsonAnswer('What it says.', introspection), ...oauthProblems(400, 401, 403, 413, 415, 429, 503) },
  })
  app.openapi(introspectToken, async (c) => {
    const form = c.req.valid('json')
    const refused = await requireScope(c, parts, 'token:introspect', form)
    if (refused !== undefined) return refused as never
    return c.json(await introspect(form.token), 200)
  })

  const readMetadata = createRoute({
    method: 'get',
    path: '/.well-known/oauth-authorization-server',
    operationId: 'readMetadata',
    tags: ['oauth'],
    summary: 'What this server is and has (RFC 8414)',
    responses: { 200: jsonAnswer('Its own words, whatever Host the request named.', metadata) },
  })
  app.openapi(readMetadata, (c) => {
    const at = (path: string) => issuer.replace(/\/+$/, '') + path
    const publishes = signingKeys.publicJwks().keys.length > 0
    const clientMethods = ['client_secret_basic', 'client_secret_post']
    return c.json(
      {
        issuer,
        ...(publishes ? { jwks_uri: at('/.well-known/jwks.json') } : {}),
        token_endpoint: at('/oauth/token'),
        token_endpoint_auth_methods_supported: clientMethods,
        grant_types_supported: ['client_credentials'],
        response_types_supported: [],
        revocation_endpoint: at('/v1/token/revoke'),
        revocation_endpoint_auth_methods_supported: ['none'],
        introspection_endpoint: at('/v1/token/introspect'),
        introspection_endpoint_auth_methods_supported: clientMethods,
      },
      200,
      { 'cache-control': 'public, max-age=300' },
    )
  })
}

function asClient(error: unknown): never {
  throw error instanceof LatchkeyError && error.code === 'auth_failed' ? clientRefused() : error
}
