import type { Roles } from 'latchkey'
import type { AccessTokenIssuer } from './issue-access-token.js'
import { makeRefreshToken, type NewRefreshToken } from './refresh-token.js'
import { grantScopes } from './token-request.js'

/** A session that is not refreshed for this long is over. */
export const idleLimitSeconds = 30 * 24 * 3600
/** A session is over this long after its login, whatever happens. */
export const absoluteLimitSeconds = 90 * 24 * 3600

/** What an API key is exchanged for. */
export interface AccessAnswer {
  readonly token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
  readonly uid: string
}

/** What a login answers, and every refresh. */
export interface TokenAnswer extends AccessAnswer {
  readonly refresh_token: string
  readonly refresh_expires_in: number
}

/** The session as it will be once its access token is issued. Moments in epoch seconds. */
export interface AccessSession {
  readonly sid: string
  readonly gen: number
  readonly uid: number
  readonly role: string
  readonly clientType: number
  /** Default `latchkey`. */
  readonly clientId?: string
  /** What was asked for at login; null: all. */
  readonly scopeLimit: string | null
  /** With spaces between; null: all. */
  readonly audienceLimit: string | null
  readonly beganAt: number
  readonly absoluteUntil: number
}

export interface PairSession extends AccessSession {
  readonly tagKey: Uint8Array
}

export interface IssuedAccess {
  readonly answer: AccessAnswer
  /** When the access token expires. */
  readonly accessExp: number
}

export interface TokenPair {
  readonly answer: TokenAnswer
  readonly refresh: NewRefreshToken
  /** When the access token expires. */
  readonly accessExp: number
  readonly idleUntil: number
}

export interface PairParts {
  readonly roles: Roles
  readonly tokens: AccessTokenIssuer
}

/**
 * Makes the tokens of one generation; they count once the session is written so. Neither token outlives the session's absolute
 * limit.
 *
 * @throws LatchkeyError `busy` when no key may sign; `parameter_invalid` for the scope.
 */
export function makePair(parts: PairParts, session: PairSession, now: number, scope?: string): TokenPair {
  const { sid, gen, tagKey, absoluteUntil } = session
  const { answer, accessExp } = issueAccess(parts, session, now, scope)
  const refresh = makeRefreshToken({ sid, gen, tagKey })
  const idleUntil = Math.min(now + idleLimitSeconds, absoluteUntil)
  const { token, token_type, expires_in, ...rest } = answer
  return {
    answer: {
      ...{ token, token_type, expires_in },
      ...{ refresh_token: refresh.token, refresh_expires_in: idleUntil - now },
      ...rest,
    },
    ...{ refresh, accessExp, idleUntil },
  }
}

/**
 * The access token of one generation. Scopes are what the role grants now, cut to what was asked for at login and to `scope`.
 * @throws LatchkeyError `busy` when no key may sign; `parameter_invalid` for the scope.
 */
export function issueAccess(
  { roles, tokens }: PairParts,
  session: AccessSession,
  now: number,
  scope?: string,
): IssuedAccess {
  const { sid, gen, clientType, clientId, audienceLimit } = session
  const uid = String(session.uid)
  const accessExp = Math.min(now + tokens.ttlSeconds, session.absoluteUntil)
  const scopes = grantScopes(roles, session.role, session.scopeLimit ?? undefined, scope)
  const token = tokens.issue(
    {
      ...{ uid, clientType, scopes, sid, gen },
      ...(clientId === undefined ? {} : { clientId }),
      audience: stillConfigured(tokens.audience, audienceLimit),
      authenticatedAt: new Date(session.beganAt * 1000),
      notAfter: new Date(accessExp * 1000),
    },
    now,
  )
  const answer = { token, token_type: 'Bearer' as const, expires_in: accessExp - now, scope: scopes.join(' '), uid }
  return { answer, accessExp }
}

/**
 * Those of the audiences asked for that are still configured; where none is, those asked for, since a token must not become
 * good for others than it was asked for. A session that asked for none is for all there are.
 */
function stillConfigured(own: readonly string[], limit: string | null): readonly string[] {
  if (limit === null) return own
  const asked = limit.split(' ')
  const known = asked.filter((one) => own.includes(one))
  return known.length > 0 ? known : asked
}
