import type { MiddlewareHandler } from 'hono'
import { LatchkeyError } from 'latchkey'
import { currentUser } from 'latchkey/hono'
import { apiKeyType } from '../client-types/client-type.js'
import type { ApiEnv } from './api-context.js'

/**
 * Stands behind the guard of routes that change how the user logs in, or whether: a key that leaked must not make another one,
 * lock its owner out or delete the account.
 */
export const loginOnly: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (currentUser(c).clientType === apiKeyType) {
    throw new LatchkeyError('forbidden', { detail: 'This needs a login: an API key cannot do it', challenge: null })
  }
  await next()
}
