import { sql } from 'kysely'
import { LatchkeyError, type Roles } from 'latchkey'
import type { Writing } from '../store/store.js'
import type { AccessTokenIssuer } from './issue-access-token.js'
import { makePair, type TokenAnswer } from './token-pair.js'

/**
 * Gives a session its next pair, and refuses the one before: its access token by the generation, its refresh token since it is
 * neither the current nor the last one. Inside the transaction of what made this necessary, which has locked the user.
 *
 * @throws LatchkeyError `auth_failed` when the session is over.
 */
export async function replacePair(
  transaction: Writing,
  parts: { readonly roles: Roles; readonly tokens: AccessTokenIssuer },
  { uid, sid, now }: { readonly uid: number; readonly sid: string; readonly now: number },
): Promise<TokenAnswer> {
  const session = await transaction
    .selectFrom('sessions')
    .selectAll()
    .where('sid', '=', sid)
    .where('uid', '=', uid)
    .where('ended_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
  if (session?.tag_key == null) throw new LatchkeyError('auth_failed')
  const { role } = await transaction.selectFrom('users').select('role').where('uid', '=', uid).executeTakeFirstOrThrow()
  const gen = session.gen + 1
  const pair = makePair(
    parts,
    {
      ...{ sid, gen, tagKey: session.tag_key, uid, role, clientType: session.client_type },
      ...{ scopeLimit: session.scope_limit, audienceLimit: session.audience_limit },
      ...{ beganAt: now, absoluteUntil: session.absolute_until },
    },
    now,
  )
  await transaction
    .updateTable('sessions')
    .set({
      ...{ gen, rev: sql<number>`rev + 1`, cur_hash: pair.refresh.hash, prev_hash: null, answer: null },
      ...{ answer_until: null, idle_until: pair.idleUntil, access_exp: Math.max(session.access_exp, pair.accessExp) },
    })
    .where('sid', '=', sid)
    .execute()
  return pair.answer
}
