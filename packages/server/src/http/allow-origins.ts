import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import type { ApiEnv } from './api-context.js'

const options = {
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowHeaders: ['authorization', 'content-type'],
  // What a client needs to come again in time, and to tell its people which request it was.
  exposeHeaders: ['retry-after', 'ratelimit', 'ratelimit-policy', 'www-authenticate', 'x-request-id'],
  maxAge: 600,
}

/**
 * Lets pages of these origins call the API (CORS), and of no others. Tokens travel in Authorization: no cookie is needed, and
 * none is allowed.
 */
export function allowOrigins(origins: readonly string[]): MiddlewareHandler<ApiEnv> {
  const answer = cors({ ...options, origin: (origin) => (origins.includes(origin) ? origin : null) })
  return (c, next) => {
    const isPreflight =
      c.req.header('origin') !== undefined && c.req.header('access-control-request-method') !== undefined
    // Any other OPTIONS asks for the methods of a path.
    return c.req.method === 'OPTIONS' && !isPreflight ? next() : answer(c, next)
  }
}
