import { createRoute, z } from '@hono/zod-openapi'
import type { Api, ApiParts } from '../api-context.js'
import { readJsonBody } from '../read-json-body.js'
import { body, epochSeconds, expected, integer, jsonAnswer, jsonBody, problems, text, uid } from '../schemas.js'

const attempt = body('Login', {
  account: text({
    description: 'As it was registered, in any case; for type 300 the id of the API key.',
    example: 'ann@example.org',
    maxLength: 254,
  }),
  secret: text({
    description: 'The password for type 100, the API key for type 300.',
    example: 'a long passphrase',
    maxLength: 128,
  }),
  type: integer({
    description: 'The client type: 100 is an email address and a password, 300 an API key.',
    example: 100,
  }),
  scope: text({
    description: 'Scopes with one space between: cuts what the role grants, and never widens it. Default: all of it.',
    example: 'user:read',
    maxLength: 1024,
  }).optional(),
  audience: z
    .array(z.string({ error: expected('a list of texts') }), { error: expected('a list of texts') })
    .max(32, { error: 'must hold at most 32 texts' })
    .openapi({
      description: 'Some of the issuer and the configured audiences. Default: all of them.',
      example: ['http://localhost:4000'],
    })
    .optional(),
  device: text({ description: 'A label for the list of sessions.', example: "Ann's phone", maxLength: 64 }).optional(),
})

/** What a login answers, and every refresh. */
export const tokenPair = z
  .object({
    token: z.string().openapi({ description: 'The access token: a JWS, for `Authorization`.' }),
    token_type: z.literal('Bearer'),
    expires_in: z.int().openapi({ description: 'Seconds from now.', example: 7200 }),
    refresh_token: z.string().openapi({ description: 'Opaque, used once.' }),
    refresh_expires_in: z.int().openapi({ description: 'Seconds from now.', example: 2_592_000 }),
    scope: z.string().openapi({ description: 'What the token carries.', example: 'user:read user:write' }),
    uid,
  })
  .openapi('TokenPair')

/** An API key is exchanged again instead of refreshed. */
const loginAnswer = tokenPair
  .partial({ refresh_token: true, refresh_expires_in: true })
  .openapi('LoginAnswer', { description: 'A pair of tokens; for an API key the access token alone.' })

const refreshForm = body('Refresh', {
  refresh_token: text({ description: 'The one of the last pair.', maxLength: 256 }),
  scope: text({
    description: 'Cuts the scopes of this pair alone. Default: what the role grants now, cut as at the login.',
    example: 'user:read',
    maxLength: 1024,
  }).optional(),
})

const question = body('TokenQuestion', {
  token: text({ description: 'An access token.', maxLength: 8192 }),
})

const facts = z
  .object({
    uid,
    scope: z.string().openapi({ example: 'user:read user:write' }),
    create_at: epochSeconds('When it was issued'),
    expire_in: epochSeconds('When it expires'),
  })
  .openapi('TokenFacts')

/** Logging in, and asking what a token says. */
export function addTokenRoutes(app: Api, { login, refresh, verifier, callerOf, limits }: ApiParts): void {
  const logIn = createRoute({
    method: 'post',
    path: '/v1/token',
    operationId: 'logIn',
    tags: ['token'],
    summary: 'Log in: exchange a secret for a pair of tokens, or an API key for an access token',
    middleware: [readJsonBody] as const,
    request: jsonBody(attempt),
    responses: {
      201: jsonAnswer('A session began, or an API key was exchanged.', loginAnswer),
      ...problems(400, 401, 413, 415, 429, 503),
    },
  })
  app.openapi(logIn, async (c) => {
    const { addressPrefix, requestId } = callerOf(c)
    return c.json(await login({ ...c.req.valid('json'), addressPrefix, requestId }), 201)
  })

  const refreshPair = createRoute({
    method: 'post',
    path: '/v1/token/refresh',
    operationId: 'refresh',
    tags: ['token'],
    summary: 'Exchange a refresh token for the next pair, once',
    description:
      'The same token again within 30 seconds gets the same answer, byte for byte. After that it is taken for a stolen one, and ends the session.',
    middleware: [readJsonBody] as const,
    request: jsonBody(refreshForm),
    responses: { 201: jsonAnswer('The next pair.', tokenPair), ...problems(400, 401, 413, 415, 503) },
  })
  app.openapi(refreshPair, async (c) => {
    const text = await refresh(c.req.valid('json'), callerOf(c))
    // As it is: a repeated answer has the same bytes.
    return new Response(text, { status: 201, headers: { 'content-type': 'application/json' } }) as never
  })

  const describeToken = createRoute({
    method: 'post',
    path: '/v1/token/secret',
    operationId: 'describeToken',
    tags: ['token'],
    summary: 'What a good access token says; any other is refused as a guard refuses it',
    middleware: [readJsonBody] as const,
    request: jsonBody(question),
    responses: { 200: jsonAnswer('The token is good.', facts), ...problems(400, 401, 413, 415, 429, 503) },
  })
  app.openapi(describeToken, async (c) => {
    await limits.questions.take(callerOf(c).addressPrefix)
    const { claims } = verifier.verify(c.req.valid('json').token)
    return c.json({ uid: claims.sub, scope: claims.scope, create_at: claims.iat, expire_in: claims.exp }, 200)
  })
}
