import { createRoute, z } from '@hono/zod-openapi'
import type { Api, ApiParts } from '../api-context.js'
import { requireScope } from '../require-scope.js'
import { jsonAnswer, problems } from '../schemas.js'

const page = z
  .object({
    feed_id: z.string(),
    rows: z
      .array(z.tuple([z.string(), z.string(), z.number(), z.number()]).readonly())
      .readonly()
      .openapi({
        description:
          'kind, id, min, expires_at: `s` refuses tokens of session id with a generation below min, `k` those of key id.',
        type: 'array',
        items: { type: 'array', items: {} },
      }),
    next: z.string().openapi({ description: 'What to ask for next.' }),
    more: z.boolean(),
    final: z.boolean().openapi({ description: 'Full and settled: it will never be another.' }),
    age_ms: z.number().openapi({ description: 'From when the database was read to this answer.' }),
    now: z.number().openapi({ description: 'When it was read, in milliseconds since the epoch.' }),
    process_id: z.string().openapi({ description: 'The process that read it.' }),
    process_ms: z.number().openapi({ description: 'When, by a clock of its own that nobody sets.' }),
    keys_version: z.int().openapi({ description: 'Another one when the key set has changed.' }),
  })
  .openapi('FeedPage')

const query = z.object({
  after: z
    .string()
    .max(200, { error: 'must be the cursor of a page' })
    .openapi({ param: { name: 'after', in: 'query' }, description: '`next` of the page before; none: from the start.' })
    .optional(),
})

/** What services that trust this server follow. */
export function addFeedRoutes(app: Api, parts: ApiParts): void {
  const { feedPages, feedAccess, limits, callerOf } = parts
  const readRevocations = createRoute({
    method: 'get',
    path: '/v1/revocations',
    operationId: 'readRevocations',
    tags: ['keys'],
    summary: 'The feed of revocations, page by page',
    description: 'Open to all, unless `feedAccess` is `key`: then it needs the scope `revocation:read`.',
    request: { query },
    responses: { 200: jsonAnswer('A page.', page), ...problems(400, 401, 403, 429, 503) },
  })
  app.openapi(readRevocations, async (c) => {
    if (feedAccess === 'key') {
      const refused = await requireScope(c, parts, 'revocation:read')
      if (refused !== undefined) return refused as never
    } else {
      await limits.pages.take(callerOf(c).addressPrefix)
    }
    const page = await feedPages.read(c.req.valid('query').after ?? '')
    const shared = feedAccess === 'key' ? 'private' : 'public'
    const caching = page.final ? `${shared}, max-age=31536000, immutable` : 'no-store'
    return c.json(page, 200, { 'cache-control': caching })
  })
}
