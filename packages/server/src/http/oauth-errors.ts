import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from './api-context.js'

/** Codes of RFC 6749 section 5.2, by status; what is not listed is `invalid_request`. */
const errors: Readonly<Record<number, string>> = {
  401: 'invalid_client',
  403: 'unauthorized_client',
  503: 'temporarily_unavailable',
}

/** Stands before routes that OAuth libraries call: their refusals also carry `error` and `error_description`. */
export const oauthErrors: MiddlewareHandler<ApiEnv> = async (c, next) => {
  await next()
  const type = c.res.headers.get('content-type')
  if (type !== 'application/problem+json') return
  const { status, headers } = c.res
  const problem = (await c.res.json()) as { detail: string }
  const body = { error: errors[status] ?? 'invalid_request', error_description: problem.detail, ...problem }
  c.res = new Response(JSON.stringify(body), { status, headers })
}
