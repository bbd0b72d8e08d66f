import { createRoute, z } from '@hono/zod-openapi'
import { guard } from 'latchkey/hono'
import { cursorSyntax, listEvents } from '../../audit/list-events.js'
import { readMoment } from '../../audit/read-moment.js'
import { userFilter } from '../../audit/user-filter.js'
import type { Api, ApiParts } from '../api-context.js'
import { jsonAnswer, problems, uidParameter, withToken } from '../schemas.js'

const defaultPage = 100
const maxPage = 1_000

const event = z
  .object({
    id: z.int().openapi({ example: 17 }),
    at: z.string().openapi({ description: 'ISO 8601, UTC.', example: '2027-01-31T12:00:00.000Z' }),
    event: z.string().openapi({ example: 'login' }),
    outcome: z.string().openapi({ description: '`done` or `refused`.', example: 'done' }),
    actor: z
      .string()
      .nullable()
      .openapi({ description: 'Who did it: `user`, `operator` or `nobody`.', example: 'user' }),
    actor_uid: z.string().nullable().openapi({ example: '1' }),
    uid: z.string().nullable().openapi({ description: 'Whom it concerns.', example: '1' }),
    sid: z.string().nullable(),
    client_type: z.int().nullable().openapi({ example: 100 }),
    account_hash: z
      .string()
      .nullable()
      .openapi({ description: 'A keyed hash of the account that a refused login named.' }),
    address_prefix: z.string().nullable().openapi({ description: 'The /24 or /64.', example: '203.0.113.0/24' }),
    request_id: z.string().nullable(),
    detail: z.string().nullable(),
    seal: z.int().nullable().openapi({ description: 'The number of its seal; null: it has none yet.', example: 5 }),
  })
  .openapi('AuditEvent')

const page = z
  .object({
    events: z.array(event).readonly(),
    next: z.string().nullable().openapi({
      description: 'What to give as `after` for what comes next. Rows without a seal come again, once they have one.',
    }),
    more: z.boolean().openapi({ description: 'Whether there are more sealed rows.' }),
  })
  .openapi('AuditPage')

const parameter = (name: string, description: string) => ({ param: { name, in: 'query' as const }, description })
const moment = (name: string, description: string) =>
  z
    .string()
    .refine((text) => readMoment(text) !== undefined, {
      error: 'must be a moment in ISO 8601, as 2027-01-31T12:00:00Z',
    })
    .openapi(parameter(name, description))
    .optional()

const query = z.object({
  after: z
    .string()
    .regex(cursorSyntax, { error: 'must be the `next` of a page' })
    .openapi(parameter('after', '`next` of the page before; none: from the start.'))
    .optional(),
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,3}$/, { error: 'must be a whole number from 1 to 1000' })
    .openapi(parameter('limit', `How many at most, 1 to ${maxPage}. Default ${defaultPage}.`))
    .optional(),
  user: uidParameter('A uid: whom it concerns, who did it, or whose account a refused login named.').optional(),
  event: z
    .string()
    .max(64, { error: 'must be the name of an event' })
    .openapi(parameter('event', 'Its name.'))
    .optional(),
  outcome: z
    .enum(['done', 'refused'], { error: 'must be done or refused' })
    .openapi(parameter('outcome', '`done` or `refused`.'))
    .optional(),
  since: moment('since', 'Not before this moment (ISO 8601).'),
  until: moment('until', 'Not after this moment (ISO 8601).'),
})

/** The audit log, for administrators. */
export function addAuditRoutes(app: Api, { auth, store, audit }: ApiParts): void {
  const readAudit = createRoute({
    method: 'get',
    path: '/v1/admin/audit',
    operationId: 'readAudit',
    tags: ['admin'],
    security: withToken,
    summary: 'The audit log, page by page; needs the scope `audit:read:any`',
    middleware: [guard(auth, 'audit:read:any')] as const,
    request: { query },
    responses: { 200: jsonAnswer('A page, the oldest first.', page), ...problems(400, 401, 403, 503) },
  })
  app.openapi(readAudit, async (c) => {
    const { user, limit, since, until, ...rest } = c.req.valid('query')
    const found = await listEvents(store, {
      ...rest,
      limit: Math.min(Number(limit ?? defaultPage), maxPage),
      ...{ since: readMoment(since), until: readMoment(until) },
      user: user === undefined ? undefined : await userFilter(store, audit.accountHash, Number(user)),
    })
    return c.json(found, 200)
  })
}
