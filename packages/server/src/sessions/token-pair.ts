import type { Roles } from 'latchkey'
import type { AccessTokenIssuer } from './issue-access-token.js'
import { makeRefreshToken, type NewRefreshToken } from './refresh-token.js'
import { grantAudience, grantScopes } from './token-request.js'

/** A session that is not refreshed for this long is over. */
export const idleLimitSeconds = 30 * 24 * 3600
/** A session is over this long after its login, whatever happens. */
export const absoluteLimitSeconds = 90 * 24 * 3600

/** What POST /v1/token answers, and every refresh. */
export interface TokenAnswer {
  readonly token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly refresh_token: string
  readonly refresh_expires_in: number
  readonly scope: string
  readonly uid: string
}

/** The session as it will be once this pair is issued. Moments in epoch seconds. */
export interface PairSession {
  readonly sid: string
  readonly gen: number
  readonly tagKey: Uint8Array
  readonly uid: number
  readonly role: string
  readonly clientType: number
  /** What was asked for at login; null: all. */
  readonly scopeLimit: string | null
  /** With spaces between; null: all. */
  readonly audienceLimit: string | null
  readonly beganAt: number
  readonly absoluteUntil: number
}

export interface TokenPair {
  readonly answer: TokenAnswer
  readonly refresh: NewRefreshToken
  /** When the access token expires. */
  readonly accessExp: number
  readonly idleUntil: number
}

/**
 * Makes the tokens of one generation; they count once the session is written so. Scopes are what the role grants now, cut to
 * what was asked for at login and to `scope`. Neither token outlives the session's absolute limit.
 *
 * @throws LatchkeyError `busy` when no key may sign.
 */
export function makePair(
  { roles, tokens }: { readonly roles: Roles; readonly tokens: AccessTokenIssuer },
  session: PairSession,
  now: number,
  scope?: string,
): TokenPair {
  const { sid, gen, tagKey, absoluteUntil, audienceLimit } = session
  const uid = String(session.uid)
  const accessExp = Math.min(now + tokens.ttlSeconds, absoluteUntil)
  const idleUntil = Math.min(now + idleLimitSeconds, absoluteUntil)
  const scopes = grantScopes(roles, session.role, session.scopeLimit ?? undefined, scope)
  const token = tokens.issue(
    {
      ...{ uid, clientType: session.clientType, scopes, sid, gen },
      // An audience that is configured no more is left out; a session that asked for no other is for all there are.
      audience: stillConfigured(tokens.audience, audienceLimit),
      authenticatedAt: new Date(session.beganAt * 1000),
      notAfter: new Date(accessExp * 1000),
    },
    now,
  )
  const refresh = makeRefreshToken({ sid, gen, tagKey })
  const answer: TokenAnswer = {
    token,
    token_type: 'Bearer',
    expires_in: accessExp - now,
    refresh_token: refresh.token,
    refresh_expires_in: idleUntil - now,
    scope: scopes.join(' '),
    uid,
  }
  return { answer, refresh, accessExp, idleUntil }
}

function stillConfigured(own: readonly string[], limit: string | null): readonly string[] {
  const asked = limit?.split(' ').filter((one) => own.includes(one))
  return grantAudience(own, asked?.length === 0 ? undefined : asked)
}
