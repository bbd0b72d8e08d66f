import { sql } from 'kysely'
import { LatchkeyError, type Roles } from 'latchkey'
import { type Origin, userActor } from '../audit/actor.js'
import { writeAuditEvent } from '../audit/write-audit-event.js'
import { apiKeyType } from '../client-types/client-type.js'
import type { AccessTokenIssuer } from '../sessions/issue-access-token.js'
import { type AccessAnswer, issueAccess } from '../sessions/token-pair.js'
import { grantAudience } from '../sessions/token-request.js'
import type { Store } from '../store/store.js'

export interface ExchangeForm extends Origin {
  /** Cuts the scopes of this token alone. */
  readonly scope?: string | undefined
  /** Some of the key's audiences, which are those of the login that made it. Default: all of them. */
  readonly audience?: readonly string[] | undefined
}

export interface ExchangeParts {
  readonly store: Store
  readonly roles: Roles
  readonly tokens: AccessTokenIssuer
}

/**
 * Issues an access token for an API key that was verified: with what the owner's role grants now, cut to the key's scopes. The
 * key goes on as it is; it has no refresh token, since it can be exchanged again.
 *
 * All happens under the lock of the key's row, and the role is read after it: a role that changes meanwhile waits, and then
 * refuses the token by its generation. Exchanges of one key follow one another; none of them has to try again.
 *
 * @throws LatchkeyError `auth_failed` when the key has ended since; `parameter_invalid`, `busy`.
 */
export async function exchangeApiKey(
  { store, roles, tokens }: ExchangeParts,
  id: string,
  form: ExchangeForm,
): Promise<AccessAnswer> {
  return store.transaction(async (transaction) => {
    const now = store.now()
    const key = await transaction
      .selectFrom('sessions')
      .selectAll()
      .where('sid', '=', id)
      .where('kind', '=', 'key')
      .where('ended_at', 'is', null)
      .where('absolute_until', '>', now)
      .forUpdate()
      .executeTakeFirst()
    if (key === undefined) throw new LatchkeyError('auth_failed')
    const user = await transaction.selectFrom('users').select('role').where('uid', '=', key.uid).executeTakeFirst()
    if (user === undefined) throw new LatchkeyError('auth_failed')
    const audience = form.audience && grantAudience(key.audience_limit?.split(' ') ?? tokens.audience, form.audience)
    const gen = Math.max(key.gen, key.min_gen)
    const { answer, accessExp } = issueAccess(
      { roles, tokens },
      {
        ...{ sid: id, gen, uid: key.uid, role: user.role, clientType: apiKeyType, clientId: id },
        ...{ scopeLimit: key.scope_limit, audienceLimit: audience?.join(' ') ?? key.audience_limit },
        // When the owner last proved who it is, which is when the key was made.
        ...{ beganAt: key.created_at, absoluteUntil: key.absolute_until },
      },
      now,
      form.scope,
    )
    await transaction
      .updateTable('sessions')
      .set({
        ...{ gen, rev: sql<number>`rev + 1`, access_exp: Math.max(key.access_exp, accessExp) },
        ...{ last_refresh_at: now, address_prefix: form.addressPrefix ?? null },
      })
      .where('sid', '=', id)
      .execute()
    await writeAuditEvent(transaction, {
      ...{ at: now, event: 'api_key_exchanged', outcome: 'done', by: userActor(key.uid, form) },
      ...{ uid: key.uid, sid: id, clientType: apiKeyType },
    })
    return answer
  })
}
