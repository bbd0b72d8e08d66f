/** The API as one fetch handler. */
import { OpenAPIHono } from '@hono/zod-openapi'
import { LatchkeyError } from 'latchkey'
import { allowOrigins } from './allow-origins.js'
import { answerError } from './answer-error.js'
import { answerOtherMethods } from './answer-other-methods.js'
import { type Api, type ApiContext, type ApiEnv, type ApiParts, patternOf, requestOf } from './api-context.js'
import { observeRequests } from './observe-requests.js'
import { addSecuritySchemes } from './openapi.js'
import { addAdminSessionRoutes } from './routes/admin-sessions.js'
import { addApiKeyRoutes } from './routes/api-keys.js'
import { addAuditRoutes } from './routes/audit.js'
import { addClientRoutes } from './routes/client.js'
import { addFeedRoutes } from './routes/feed.js'
import { addKeyRoutes } from './routes/keys.js'
import { addOauthRoutes } from './routes/oauth.js'
import { addOperatorRoutes } from './routes/operator.js'
import { addSessionRoutes } from './routes/sessions.js'
import { addTokenRoutes } from './routes/token.js'
import { addUserRoutes } from './routes/user.js'
import { securityHeaders } from './security-headers.js'
import { tellRefusals } from './tell-refusals.js'
import { validationProblem } from './validation-problem.js'

/** Makes the API, operator routes included; `isOwnPath` says which requests belong to it when it is embedded. */
export function createApi(parts: ApiParts): Api {
  const app: Api = new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw validationProblem(result.error.issues)
    },
  })
  const answer = (error: unknown, c: ApiContext) =>
    answerError(error, { request: requestOf(c), pattern: patternOf(c), requestId: c.get('requestId') }, parts.log)
  app.onError(answer)
  app.notFound((c) => {
    const detail = 'There is nothing at this path'
    return answer(new LatchkeyError('http_error', { status: 404, msg: detail }), c)
  })
  if (parts.observer) observeRequests(app, parts.observer, parts.callerOf)
  const fixed = Object.entries(securityHeaders(parts.issuer))
  app.use(async (c, next) => {
    await next()
    const { headers } = c.res
    // Whatever does not say otherwise may hold a credential.
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store')
    for (const [name, value] of fixed) headers.set(name, value)
  })
  if (parts.corsOrigins.length > 0) app.use(allowOrigins(parts.corsOrigins))
  tellRefusals(app, parts)
  addSecuritySchemes(app)
  addClientRoutes(app, parts)
  addTokenRoutes(app, parts)
  addOauthRoutes(app, parts)
  addSessionRoutes(app, parts)
  addApiKeyRoutes(app, parts)
  // /v1/user/secret is no user, whatever the method.
  answerOtherMethods(app)
  addUserRoutes(app, parts)
  addAdminSessionRoutes(app, parts)
  addAuditRoutes(app, parts)
  addKeyRoutes(app, parts)
  addFeedRoutes(app, parts)
  addOperatorRoutes(app, parts)
  answerOtherMethods(app)
  return app
}

const ownPaths =
  /^\/(?:v1\/(?:client|token|user|admin)(?:\/|$)|v1\/revocations$|oauth\/token$|\.well-known\/(?:jwks\.json|oauth-authorization-server)$)/

/** Whether a path (without its query) is the API's own when it shares the server with an application. */
export function isOwnPath(path: string): boolean {
  return ownPaths.test(path)
}
