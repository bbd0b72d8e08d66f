import { createRoute, z } from '@hono/zod-openapi'
import type { Api } from '../api-context.js'
import { writeOpenApi } from '../openapi.js'
import { jsonAnswer } from '../schemas.js'

const health = z.object({ status: z.literal('ok') }).openapi('Health')

/** What stands beside the API where the server runs by itself, and nowhere when it is embedded. */
export function addOperatorRoutes(app: Api, issuer: string): void {
  const readHealth = createRoute({
    method: 'get',
    path: '/healthz',
    operationId: 'readHealth',
    tags: ['operator'],
    summary: 'Whether the process answers',
    responses: { 200: jsonAnswer('It does.', health) },
  })
  app.openapi(readHealth, (c) => c.json({ status: 'ok' as const }, 200))

  let document: string | undefined
  app.get('/openapi.json', (c) => {
    document ??= JSON.stringify(writeOpenApi(app, issuer))
    return c.body(document, 200, { 'content-type': 'application/json', 'cache-control': 'no-cache' })
  })
}
