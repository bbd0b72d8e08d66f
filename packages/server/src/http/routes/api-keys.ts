import { createRoute, z } from '@hono/zod-openapi'
import { currentUser, guard } from 'latchkey/hono'
import { type Api, type ApiParts, answerDone } from '../api-context.js'
import { loginOnly } from '../login-only.js'
import { readJsonBody } from '../read-json-body.js'
import { body, deleted, epochSeconds, integer, jsonAnswer, jsonBody, problems, text, withToken } from '../schemas.js'

const entry = z.object({
  id: z.string().openapi({ description: 'The `account` at POST /v1/token, the `client_id` at POST /oauth/token.' }),
  name: z.string().openapi({ example: 'nightly report' }),
  scope: z.string().openapi({ description: 'What its next token may do.', example: 'user:read' }),
  created_at: epochSeconds('When it was made'),
  expires_at: epochSeconds('When it ends'),
  last_used_at: epochSeconds('Its last exchange; null: none yet').nullable(),
  address_prefix: z.string().nullable().openapi({ description: 'The /24 or /64 of it.', example: '203.0.113.0/24' }),
})
const apiKey = entry.openapi('ApiKey')
const apiKeys = z.object({ api_keys: z.array(apiKey).readonly() }).openapi('ApiKeys')
const newApiKey = entry
  .extend({ key: z.string().openapi({ description: 'The key itself. It is not told again.', example: 'lkk_...' }) })
  .openapi('NewApiKey')

const wish = body('ApiKeyWish', {
  name: text({ description: 'A label for the list.', example: 'nightly report', minLength: 1, maxLength: 64 }),
  scope: text({
    description: 'Cuts what its tokens may do. Default: whatever the token that asks may do.',
    example: 'user:read',
    maxLength: 1024,
  }).optional(),
  expires_in: integer({
    description: 'Seconds, from 60 to 315360000. Default a year.',
    example: 31_536_000,
  }).optional(),
})

const params = z.object({ id: z.string().openapi({ param: { name: 'id', in: 'path' } }) })

/** The user's own API keys: credentials of programs, which are exchanged for access tokens. */
export function addApiKeyRoutes(app: Api, { auth, apiKeys: service, callerOf }: ApiParts): void {
  const shared = { tags: ['api key'], security: withToken }

  const list = createRoute({
    ...shared,
    method: 'get',
    path: '/v1/user/api-keys',
    operationId: 'listApiKeys',
    summary: 'Your API keys',
    middleware: [guard(auth)] as const,
    responses: { 200: jsonAnswer('The live ones, the newest first.', apiKeys), ...problems(401, 404, 503) },
  })
  app.openapi(list, async (c) => c.json({ api_keys: await service.list(currentUser(c).uid) }, 200))

  const create = createRoute({
    ...shared,
    method: 'post',
    path: '/v1/user/api-keys',
    operationId: 'createApiKey',
    summary: 'Make an API key; needs a login, not another key',
    middleware: [guard(auth), loginOnly, readJsonBody] as const,
    request: jsonBody(wish),
    responses: { 201: jsonAnswer('The key, this once.', newApiKey), ...problems(400, 401, 403, 413, 415, 503) },
  })
  app.openapi(create, async (c) => c.json(await service.create(currentUser(c), c.req.valid('json'), callerOf(c)), 201))

  const end = createRoute({
    ...shared,
    method: 'delete',
    path: '/v1/user/api-keys/{id}',
    operationId: 'endApiKey',
    summary: 'End an API key and refuse its tokens; needs a login, not a key',
    middleware: [guard(auth), loginOnly] as const,
    request: { params },
    responses: { 202: jsonAnswer('Ended.', deleted), ...problems(401, 403, 404, 503) },
  })
  app.openapi(end, async (c) => {
    await service.end(currentUser(c).uid, c.req.valid('param').id, callerOf(c))
    return answerDone(c)
  })
}
