import type { Context } from 'hono'
import { LatchkeyError } from 'latchkey'
import { guard } from 'latchkey/hono'
import { findApiKey } from '../api-keys/find-api-key.js'
import { nobody } from '../audit/actor.js'
import { apiKeyType } from '../client-types/client-type.js'
import type { BuiltInScope } from '../config.js'
import { mayDo } from '../sessions/token-request.js'
import type { ApiContext, ApiParts } from './api-context.js'
import { type ClientForm, clientRefused, readClientCredentials } from './client-credentials.js'

/**
 * For routes that programs call: lets in who brings an API key, as OAuth clients do, or an access token, as guards take it, that
 * has the scope. Undefined: it may pass. Else the answer of the guard.
 * @throws LatchkeyError `auth_failed` for a wrong API key; `forbidden` for one without the scope; `too_many_requests`.
 */
export async function requireScope(
  c: ApiContext,
  parts: Pick<ApiParts, 'store' | 'roles' | 'auth' | 'limits' | 'callerOf' | 'audit'>,
  scope: BuiltInScope,
  form?: ClientForm,
): Promise<Response | undefined> {
  const { store, roles, auth, limits, callerOf, audit } = parts
  const credentials = readClientCredentials(c, form)
  // A token may come by Basic as well, as the user name.
  if (credentials === undefined || !credentials.secret.startsWith('lkk_')) {
    return (await guard(auth, scope)(c as unknown as Context, async () => {})) ?? undefined
  }
  const caller = callerOf(c)
  const owner = await limits.attempts.run({ addressPrefix: caller.addressPrefix }, async () => {
    const found = await findApiKey(store, credentials.secret)
    if (found !== undefined && found.id === credentials.id) return found
    const attempt = { clientType: apiKeyType, account: credentials.id }
    audit.refusals.write({ event: 'api_key_refused', by: nobody(caller), ...attempt })
    throw clientRefused()
  })
  c.set('keyOwner', owner.uid)
  if (mayDo(roles, owner.role, owner.scopeLimit ?? undefined, scope)) return undefined
  throw new LatchkeyError('forbidden', { detail: `The scope needed is ${scope}`, scope })
}
