import { createRoute, z } from '@hono/zod-openapi'
import { currentUser, guard } from 'latchkey/hono'
import { userActor } from '../../audit/actor.js'
import { type Api, type ApiContext, type ApiParts, answerDone } from '../api-context.js'
import { deleted, jsonAnswer, problems, uidParameter, withToken } from '../schemas.js'
import { sessions, sid } from './sessions.js'

const query = z.object({ user: uidParameter('The uid of whose logins they are.') })

/** The logins of any user, for administrators. API keys are none. */
export function addAdminSessionRoutes(app: Api, { accounts, auth, sessions: service, callerOf }: ApiParts): void {
  const shared = { tags: ['admin'], security: withToken }
  const asking = (c: ApiContext) => userActor(currentUser(c).uid, callerOf(c))

  const list = createRoute({
    ...shared,
    method: 'get',
    path: '/v1/admin/sessions',
    operationId: 'listSessionsOfUser',
    summary: 'Where a user is logged in; needs the scope `session:read:any`',
    middleware: [guard(auth, 'session:read:any')] as const,
    request: { query },
    responses: {
      200: jsonAnswer('The live logins, the newest first.', sessions),
      ...problems(400, 401, 403, 404, 503),
    },
  })
  app.openapi(list, async (c) => {
    const { uid } = await accounts.profile(c.req.valid('query').user)
    return c.json({ sessions: await service.list(uid, currentUser(c).sid) }, 200)
  })

  const endAll = createRoute({
    ...shared,
    method: 'delete',
    path: '/v1/admin/sessions',
    operationId: 'endSessionsOfUser',
    summary: 'Log a user out everywhere; needs the scope `session:delete:any`',
    middleware: [guard(auth, 'session:delete:any')] as const,
    request: { query },
    responses: { 202: jsonAnswer('Ended.', deleted), ...problems(400, 401, 403, 404, 503) },
  })
  app.openapi(endAll, async (c) => {
    const { uid } = await accounts.profile(c.req.valid('query').user)
    await service.endAll(uid, asking(c))
    return answerDone(c)
  })

  const end = createRoute({
    ...shared,
    method: 'delete',
    path: '/v1/admin/sessions/{sid}',
    operationId: 'endSessionOfUser',
    summary: 'End one login of any user; needs the scope `session:delete:any`',
    middleware: [guard(auth, 'session:delete:any')] as const,
    request: { params: z.object({ sid }) },
    responses: { 202: jsonAnswer('Ended.', deleted), ...problems(401, 403, 404, 503) },
  })
  app.openapi(end, async (c) => {
    const { sid } = c.req.valid('param')
    await service.end(await service.ownerOf(sid), sid, asking(c))
    return answerDone(c)
  })
}
