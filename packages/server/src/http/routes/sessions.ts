import { createRoute, z } from '@hono/zod-openapi'
import { currentUser, guard } from 'latchkey/hono'
import { userActor } from '../../audit/actor.js'
import { type Api, type ApiContext, type ApiParts, answerDone } from '../api-context.js'
import { loginOnly } from '../login-only.js'
import { readJsonBody } from '../read-json-body.js'
import { body, deleted, epochSeconds, expected, jsonAnswer, jsonBody, problems, text, withToken } from '../schemas.js'
import { tokenPair } from './token.js'

const session = z
  .object({
    sid: z.string(),
    client_type: z.int().openapi({ example: 100 }),
    device: z.string().nullable().openapi({ description: 'The label given at login.', example: "Ann's phone" }),
    address_prefix: z.string().nullable().openapi({ description: 'The /24 or /64.', example: '203.0.113.0/24' }),
    created_at: epochSeconds('When it began'),
    last_used_at: epochSeconds('Its last refresh, or its login'),
    expires_at: epochSeconds('When it ends unless it is refreshed before'),
    current: z.boolean().openapi({ description: 'Whether it is the one that asks.' }),
  })
  .openapi('Session')
export const sessions = z.object({ sessions: z.array(session).readonly() }).openapi('Sessions')

const change = body('SecretChange', {
  old_secret: text({ description: 'The password until now.', maxLength: 128 }),
  new_secret: text({
    description: 'Any characters; none that many have, that was breached, or that the account tells.',
    example: 'another long passphrase',
    minLength: 8,
    maxLength: 128,
  }),
  end_api_keys: z
    .boolean({ error: expected('true or false') })
    .openapi({ description: "Ends the user's API keys as well. Default false." })
    .optional(),
})

export const sid = z.string().openapi({ param: { name: 'sid', in: 'path' } })
const params = z.object({ sid })

/** The user's own logins, and the password that begins them. */
export function addSessionRoutes(app: Api, { auth, sessions: service, changeSecret, callerOf }: ApiParts): void {
  const shared = { tags: ['session'], security: withToken }
  const asking = (c: ApiContext) => userActor(currentUser(c).uid, callerOf(c))

  const list = createRoute({
    ...shared,
    method: 'get',
    path: '/v1/user/sessions',
    operationId: 'listSessions',
    summary: 'Where you are logged in',
    middleware: [guard(auth)] as const,
    responses: { 200: jsonAnswer('The live logins, the newest first.', sessions), ...problems(401, 503) },
  })
  app.openapi(list, async (c) => {
    const { uid, sid } = currentUser(c)
    return c.json({ sessions: await service.list(uid, sid) }, 200)
  })

  const endAll = createRoute({
    ...shared,
    method: 'delete',
    path: '/v1/user/sessions',
    operationId: 'endAllSessions',
    summary: 'Log out everywhere, here too',
    middleware: [guard(auth), loginOnly] as const,
    responses: { 202: jsonAnswer('Ended.', deleted), ...problems(401, 403, 503) },
  })
  app.openapi(endAll, async (c) => {
    await service.endAll(currentUser(c).uid, asking(c))
    return answerDone(c)
  })

  const end = createRoute({
    ...shared,
    method: 'delete',
    path: '/v1/user/sessions/{sid}',
    operationId: 'endSession',
    summary: 'Log out one of your logins, this one too',
    middleware: [guard(auth), loginOnly] as const,
    request: { params },
    responses: { 202: jsonAnswer('Ended.', deleted), ...problems(401, 403, 404, 503) },
  })
  app.openapi(end, async (c) => {
    await service.end(currentUser(c).uid, c.req.valid('param').sid, asking(c))
    return answerDone(c)
  })

  const changeOwn = createRoute({
    ...shared,
    method: 'put',
    path: '/v1/user/secret',
    operationId: 'changeSecret',
    summary: 'Change your password: ends your other logins',
    middleware: [guard(auth), loginOnly, readJsonBody] as const,
    request: jsonBody(change),
    responses: {
      200: jsonAnswer('A new pair for this login; the tokens before it are refused.', tokenPair),
      ...problems(400, 401, 403, 413, 415, 429, 503),
    },
  })
  app.openapi(changeOwn, async (c) => {
    return c.json(await changeSecret(currentUser(c), c.req.valid('json'), callerOf(c)), 200)
  })
}
