import { createRoute, z } from '@hono/zod-openapi'
import { unreadyReasons } from '../../health/readiness.js'
import type { Api, ApiParts } from '../api-context.js'
import { writeOpenApi } from '../openapi.js'
import { jsonAnswer } from '../schemas.js'

const health = z.object({ status: z.literal('ok') }).openapi('Health')

const ready = z.object({ status: z.literal('ready') }).openapi('Ready')
const unready = z
  .object({
    status: z.literal('unready'),
    reasons: z.array(z.enum(unreadyReasons)),
  })
  .openapi('Unready')

/** What stands beside the API where the server runs by itself, and nowhere when it is embedded. */
export function addOperatorRoutes(app: Api, { issuer, readiness }: Pick<ApiParts, 'issuer' | 'readiness'>): void {
  const readHealth = createRoute({
    method: 'get',
    path: '/healthz',
    operationId: 'readHealth',
    tags: ['operator'],
    summary: 'Whether the process answers',
    responses: { 200: jsonAnswer('It does.', health) },
  })
  app.openapi(readHealth, (c) => c.json({ status: 'ok' as const }, 200))

  const readReadiness = createRoute({
    method: 'get',
    path: '/readyz',
    operationId: 'readReadiness',
    tags: ['operator'],
    summary: 'Whether requests should be sent to this process',
    responses: {
      200: jsonAnswer('It is ready.', ready),
      503: jsonAnswer('It is not, for these reasons.', unready),
    },
  })
  app.openapi(readReadiness, (c) => {
    const reasons = readiness.answer()
    if (reasons.length === 0) return c.json({ status: 'ready' as const }, 200)
    return c.json({ status: 'unready' as const, reasons: [...reasons] }, 503)
  })

  let document: string | undefined
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(writeOpenApi(app, issuer))
    return c.body(document, 200, { 'content-type': 'application/json', 'cache-control': 'no-cache' })
  })
}
