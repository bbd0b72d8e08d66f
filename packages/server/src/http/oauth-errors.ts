import type { MiddlewareHandler } from 'hono'
import type { ApiEnv } from './api-context.js'
import { notRepeated } from './read-json-body.js'

/** Codes of RFC 6749 section 5.2 and others like them, by status; what is not listed is `invalid_request`. */
const byStatus: Readonly<Record<number, string>> = {
  401: 'invalid_client',
  403: 'unauthorized_client',
  429: 'temporarily_unavailable',
  500: 'server_error',
  503: 'temporarily_unavailable',
}
/** What is wrong with a grant type that was sent, and is another one. */
export const otherGrant = 'must be client_credentials'

/**
 * Stands before routes that OAuth libraries call: their refusals also carry `error` and `error_description`, and are
 * `application/json` (RFC 6749 section 5.2), without which these libraries do not read them.
 */
export const oauthErrors: MiddlewareHandler<ApiEnv> = async (c, next) => {
  await next()
  const type = c.res.headers.get('content-type')
  if (type !== 'application/problem+json') return
  const { status, headers } = c.res
  const problem = (await c.res.json()) as {
    readonly detail: string
    readonly msg: string | Readonly<Record<string, readonly string[]>>
  }
  const body = { error: errorOf(status, problem.msg), error_description: problem.detail, ...problem }
  headers.set('content-type', 'application/json')
  c.res = new Response(JSON.stringify(body), { status, headers })
}

function errorOf(status: number, msg: string | Readonly<Record<string, readonly string[]>>): string {
  if (typeof msg !== 'string' && Object.keys(msg).length === 1) {
    if (msg.grant_type?.includes(otherGrant)) return 'unsupported_grant_type'
    if (msg.scope !== undefined && !msg.scope.includes(notRepeated)) return 'invalid_scope'
  }
  return byStatus[status] ?? 'invalid_request'
}
