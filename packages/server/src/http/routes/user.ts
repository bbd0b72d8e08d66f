import { createRoute, z } from '@hono/zod-openapi'
import { currentUser, guard } from 'latchkey/hono'
import { userActor } from '../../audit/actor.js'
import { type Api, type ApiContext, type ApiParts, answerDone } from '../api-context.js'
import { loginOnly } from '../login-only.js'
import { readJsonBody } from '../read-json-body.js'
import { body, deleted, epochSeconds, jsonAnswer, jsonBody, problems, text, uid, withToken } from '../schemas.js'

const profile = z
  .object({
    uid,
    account: z.string().openapi({ example: 'ann@example.org' }),
    nickname: z.string().openapi({ example: 'ann' }),
    role: z.string().openapi({ example: 'user' }),
    scopes: z
      .array(z.string())
      .readonly()
      .openapi({ description: 'What the role grants.', example: ['user:read', 'user:write'] }),
    created_at: epochSeconds('When it was made'),
  })
  .openapi('Profile')

const change = body('ProfileChange', {
  nickname: text({ description: 'Need not be unique.', example: 'ann', minLength: 2, maxLength: 24 }),
})

const params = z.object({ uid: uid.openapi({ param: { name: 'uid', in: 'path' } }) })

/** The user's own profile, which needs no scope, and those of others. */
export function addUserRoutes(app: Api, { accounts, auth, callerOf }: ApiParts): void {
  const shared = { tags: ['user'], security: withToken }
  const asking = (c: ApiContext) => userActor(currentUser(c).uid, callerOf(c))

  const readOwn = createRoute({
    ...shared,
    method: 'get',
    path: '/v1/user',
    operationId: 'readOwnProfile',
    summary: 'Your own profile',
    middleware: [guard(auth)] as const,
    responses: { 200: jsonAnswer('The profile.', profile), ...problems(401, 404) },
  })
  app.openapi(readOwn, async (c) => c.json(await accounts.profile(currentUser(c).uid), 200))

  const changeOwn = createRoute({
    ...shared,
    method: 'patch',
    path: '/v1/user',
    operationId: 'changeOwnProfile',
    summary: 'Change your own profile',
    middleware: [guard(auth), readJsonBody] as const,
    request: jsonBody(change),
    responses: { 200: jsonAnswer('The profile as it is now.', profile), ...problems(400, 401, 404, 413, 415) },
  })
  app.openapi(changeOwn, async (c) => {
    const { nickname } = c.req.valid('json')
    return c.json(await accounts.setNickname(currentUser(c).uid, nickname, asking(c)), 200)
  })

  const deleteOwn = createRoute({
    ...shared,
    method: 'delete',
    path: '/v1/user',
    operationId: 'deleteOwnUser',
    summary: 'Delete yourself; the account is free again',
    middleware: [guard(auth), loginOnly] as const,
    responses: { 202: jsonAnswer('Deleted.', deleted), ...problems(401, 403, 404) },
  })
  app.openapi(deleteOwn, async (c) => {
    await accounts.remove(currentUser(c).uid, asking(c))
    return answerDone(c)
  })

  const readAny = createRoute({
    ...shared,
    method: 'get',
    path: '/v1/user/{uid}',
    operationId: 'readProfile',
    summary: "Another user's profile; needs the scope `user:read:any`",
    middleware: [guard(auth, 'user:read:any')] as const,
    request: { params },
    responses: { 200: jsonAnswer('The profile.', profile), ...problems(401, 403, 404) },
  })
  app.openapi(readAny, async (c) => c.json(await accounts.profile(c.req.valid('param').uid), 200))

  const deleteAny = createRoute({
    ...shared,
    method: 'delete',
    path: '/v1/user/{uid}',
    operationId: 'deleteUser',
    summary: 'Delete another user; needs the scope `user:delete:any`',
    middleware: [guard(auth, 'user:delete:any')] as const,
    request: { params },
    responses: { 202: jsonAnswer('Deleted.', deleted), ...problems(401, 403, 404) },
  })
  app.openapi(deleteAny, async (c) => {
    await accounts.remove(c.req.valid('param').uid, asking(c))
    return answerDone(c)
  })
}
