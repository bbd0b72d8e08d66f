import type { AccessTokenClaims, Verifier } from 'latchkey/token'
import type { Store } from '../store/store.js'
import { claimsOf } from './claims-of.js'

/** What is known of a token; nothing but that it is not active for every other text. */
export type Introspection =
  | { readonly active: false }
  | ({ readonly active: true; readonly token_type: 'Bearer' } & AccessTokenClaims)

export type Introspect = (token: string) => Promise<Introspection>

/**
 * Makes the introspection (RFC 7662): what an access token of this server says, whomever it is for, if it is good at this
 * moment. It asks the database as well, and so is ahead of every copy of the revocations. Refresh tokens and API keys are not
 * active: whoever asks must not take one for an access token.
 *
 * Throws LatchkeyError `busy` when the database is away.
 */
export function createIntrospect({ store, verifier }: { store: Store; verifier: Verifier }): Introspect {
  return async function introspect(token) {
    const claims = claimsOf(verifier, token)
    if (claims === undefined) return { active: false }
    const session = await store.db
      .selectFrom('sessions')
      .select(['ended_at', 'min_gen'])
      .where('sid', '=', claims.sid)
      .executeTakeFirst()
    if (session === undefined || session.ended_at !== null || claims.gen < session.min_gen) return { active: false }
    return { active: true, token_type: 'Bearer', ...claims }
  }
}
