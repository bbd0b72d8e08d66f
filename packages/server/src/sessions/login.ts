import { randomBytes } from 'node:crypto'
import { LatchkeyError, type Roles } from 'latchkey'
import { exchangeApiKey } from '../api-keys/exchange-api-key.js'
import { type Actor, nobody, type Origin, userActor } from '../audit/actor.js'
import type { Refusal, Refusals } from '../audit/refusals.js'
import { apiKeyType, type ClientType, type Identity } from '../client-types/client-type.js'
import type { ClientTypes } from '../client-types/index.js'
import { refuseFaults } from '../client-types/refuse-faults.js'
import type { Attempts } from '../limits/attempts.js'
import { rememberPrefix } from '../limits/known-prefixes.js'
import type { Store } from '../store/store.js'
import { beginSession } from './begin-session.js'
import type { AccessTokenIssuer } from './issue-access-token.js'
import { labelReasons } from './label.js'
import { makeTagKey } from './refresh-token.js'
import type { SessionChanges } from './session-changes.js'
import { type AccessAnswer, absoluteLimitSeconds, makePair, type TokenAnswer } from './token-pair.js'
import { grantAudience, scopeReasons } from './token-request.js'

export interface LoginForm extends Origin {
  readonly type: number
  readonly account: string
  readonly secret: string
  /** Scopes with one space between; cuts what the role grants. Default: all of it. */
  readonly scope?: string | undefined
  /** Some of the issuer and the configured audiences. Default: all of them. */
  readonly audience?: readonly string[] | undefined
  /** A label for the list of sessions, 64 characters at most. */
  readonly device?: string | undefined
}

export interface LoginParts {
  readonly store: Store
  readonly changes: SessionChanges
  readonly clientTypes: ClientTypes
  readonly roles: Roles
  readonly tokens: AccessTokenIssuer
  readonly attempts: Attempts
  /** Holds a refusal back, so that its time tells nothing. */
  readonly equalTime: { wait(startedAtMs: number): Promise<void> }
  /** Who begins the sessions, for the audit log; default the user who logs in. */
  readonly by?: Actor
  /** Told of each `auth_failed`; default nobody. */
  readonly refusals?: Refusals
}

/** Without a refresh token for an API key, which is exchanged again instead. */
export type LoginAnswer = AccessAnswer & Partial<TokenAnswer>

export type Login = (form: LoginForm) => Promise<LoginAnswer>

/**
 * Makes the login: verifies the secret, begins a session and answers its first pair of tokens; an API key gets an access token
 * of the session that it is.
 *
 * Throws LatchkeyError: `client_type_invalid`, `parameter_invalid`, `auth_failed` (one answer in equal time for a wrong
 * secret, an unknown, disabled or deleted account, and a user changed in between), `too_many_requests`, `busy`.
 */
export function createLogin(parts: LoginParts): Login {
  const { clientTypes, attempts } = parts
  return async function login(form) {
    const clientType = clientTypes.get(form.type)
    checkForm(clientType, form)
    grantAudience(parts.tokens.audience, form.audience)
    clientType.expectRoom?.()
    const { type, addressPrefix } = form
    const account = { clientType: type, account: clientType.normaliseAccount(form.account) }
    return attempts.run({ addressPrefix, account: clientType.isGuessable ? account : undefined }, () =>
      logIn(parts, clientType, form),
    )
  }
}

async function logIn(parts: LoginParts, clientType: ClientType, form: LoginForm): Promise<LoginAnswer> {
  const { identity, startedAtMs } = await clientType.verify(form)
  try {
    if (identity === undefined) throw new LatchkeyError('auth_failed')
    if (identity.apiKeyId !== undefined) return await exchangeApiKey(parts, identity.apiKeyId, form)
    return await openSession(parts, form, identity)
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'auth_failed') {
      parts.refusals?.write(refusalOf(clientType, form))
      await parts.equalTime.wait(startedAtMs)
    }
    throw error
  }
}

function refusalOf({ type, normaliseAccount }: ClientType, form: LoginForm): Refusal {
  const event = type === apiKeyType ? 'api_key_refused' : 'login_refused'
  return { event, by: nobody(form), clientType: type, account: normaliseAccount(form.account) }
}

function checkForm(clientType: ClientType, form: LoginForm): void {
  refuseFaults({
    ...clientType.attemptReasons(form),
    device: labelReasons(form.device),
    scope: scopeReasons(form.scope),
  })
}

async function openSession(
  { store, changes, roles, tokens, by }: LoginParts,
  form: LoginForm,
  identity: Identity,
): Promise<TokenAnswer> {
  const now = store.now()
  const sid = randomBytes(16).toString('base64url')
  const tagKey = makeTagKey()
  const absoluteUntil = now + absoluteLimitSeconds
  const [scopeLimit, audienceLimit] = [form.scope ?? null, form.audience?.join(' ') ?? null]
  const session = {
    ...{ sid, gen: 0, tagKey, uid: identity.uid, role: identity.role, clientType: form.type },
    ...{ scopeLimit, audienceLimit, beganAt: now, absoluteUntil },
  }
  // Signed before the session is written, so that a failing signature leaves no session behind.
  const { answer, refresh, accessExp, idleUntil } = makePair({ roles, tokens }, session, now)
  const row = {
    ...{ sid, kind: 'login' as const, client_type: form.type, gen: 0, min_gen: 0, rev: 0, tag_key: tagKey },
    ...{ cur_hash: refresh.hash, scope_limit: scopeLimit, audience_limit: audienceLimit },
    ...{ created_at: now, idle_until: idleUntil, absolute_until: absoluteUntil, access_exp: accessExp },
    ...{ device: form.device ?? null, address_prefix: form.addressPrefix ?? null },
  }
  await changes.transaction(async (transaction, change) => {
    await beginSession(transaction, change, identity, row, by ?? userActor(identity.uid, form))
    if (form.addressPrefix !== undefined) await rememberPrefix(transaction, identity.uid, form.addressPrefix, now)
  })
  return answer
}
