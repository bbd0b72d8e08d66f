import { readAuthorization } from 'latchkey/http'
import { nobody, userActor } from '../audit/actor.js'
import type { AuditEventName } from '../config.js'
import { claimsOf } from '../sessions/claims-of.js'
import { type Api, type ApiContext, type ApiParts, patternOf } from './api-context.js'

/** What an answer with this status is in the audit log. Of a wrong secret whoever verified it tells. */
const events: Readonly<Record<number, AuditEventName>> = { 403: 'forbidden', 429: 'too_many_requests' }

/** Writes into the audit log what is refused for want of a right, or because it came too often: of each route, by its answer. */
export function tellRefusals(
  app: Api,
  { verifier, audit, callerOf }: Pick<ApiParts, 'verifier' | 'audit' | 'callerOf'>,
): void {
  /** A guard that refuses does not say whom. */
  function uidOf(c: ApiContext): number | undefined {
    const owner = c.get('keyOwner')
    if (owner !== undefined) return owner
    const line = c.req.header('authorization')
    const credentials = readAuthorization(line === undefined ? [] : [line])
    const claims = credentials.kind === 'token' ? claimsOf(verifier, credentials.token) : undefined
    return claims && Number(claims.sub)
  }

  app.use(async (c, next) => {
    await next()
    const { status } = c.res
    const event = events[status]
    if (event === undefined) return
    const caller = callerOf(c)
    const uid = status === 403 ? uidOf(c) : undefined
    const by = uid === undefined ? nobody(caller) : userActor(uid, caller)
    audit.refusals.write({ event, by, uid, detail: patternOf(c) })
  })
}
