import type { IncomingMessage } from 'node:http'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { Auth, Roles, User } from 'latchkey'
import { describeRequest } from 'latchkey/http'
import type { Verifier } from 'latchkey/token'
import type { Accounts } from '../accounts/accounts.js'
import type { ChangeSecret } from '../accounts/change-secret.js'
import type { ApiKeys } from '../api-keys/api-keys.js'
import type { AuditLog } from '../audit/audit-log.js'
import type { Readiness } from '../health/readiness.js'
import type { Limits } from '../limits/limits.js'
import type { Log } from '../log/log.js'
import type { FeedPages } from '../revocations/read-page.js'
import type { Introspect } from '../sessions/introspect.js'
import type { Login } from '../sessions/login.js'
import type { Caller, Refresh } from '../sessions/refresh.js'
import type { Revoke } from '../sessions/revoke.js'
import type { SessionList } from '../sessions/session-list.js'
import type { SigningKeys } from '../signing-keys/signing-keys.js'
import type { Store } from '../store/store.js'
import type { Observer } from './observer.js'

/** On Node the request stands behind the context; elsewhere, and by `latchkey.fetch`, it does not. */
export interface ApiEnv {
  Bindings: { incoming?: IncomingMessage }
  Variables: { user: User; requestId: string | undefined; keyOwner: number | undefined }
}

export type Api = OpenAPIHono<ApiEnv>
export type ApiContext = Context<ApiEnv>

/** What the routes stand on. */
export interface ApiParts {
  readonly store: Store
  readonly accounts: Accounts
  readonly login: Login
  readonly refresh: Refresh
  readonly revoke: Revoke
  readonly introspect: Introspect
  readonly apiKeys: ApiKeys
  readonly roles: Roles
  readonly sessions: SessionList
  readonly changeSecret: ChangeSecret
  readonly verifier: Verifier
  readonly auth: Auth
  readonly signingKeys: Pick<SigningKeys, 'publicJwks' | 'maxAgeSeconds'>
  readonly feedPages: FeedPages
  readonly feedAccess: 'public' | 'key'
  readonly limits: Limits
  readonly audit: AuditLog
  /** From where a request came. */
  callerOf(c: ApiContext): Caller
  readonly registration: boolean
  readonly issuer: string
  /** Whose pages may call the API; most have none. */
  readonly corsOrigins: readonly string[]
  readonly log: Log
  readonly readiness: Pick<Readiness, 'answer'>
  /** Told of each request; undefined inside an application, which has its own way. */
  readonly observer: Observer | undefined
}

/** "POST /v1/token": what clients know as `request`. */
export function requestOf(c: ApiContext): string {
  return describeRequest(c.req.method, new URL(c.req.url).pathname)
}

/** The pattern of the path, `none` where there is no route. */
export function routeOf(c: ApiContext): string {
  return matchedRoutes(c).find(({ path }) => path !== '/*' && path !== '*')?.path ?? 'none'
}

/** "DELETE /v1/user/:uid": what the log calls it, which never holds a path, since clients write credentials anywhere. */
export function patternOf(c: ApiContext): string {
  return `${c.req.method} ${routeOf(c)}`
}

/** What every DELETE answers: 202, since 204 could not say so. */
export function answerDone(c: ApiContext) {
  return c.json({ msg: 'ok' as const, error_code: 1 as const, request: requestOf(c) }, 202)
}
