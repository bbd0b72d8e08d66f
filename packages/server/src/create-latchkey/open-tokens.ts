import type { ReadyConfig } from '../config.js'
import { type AccessTokenIssuer, createAccessTokenIssuer } from '../sessions/issue-access-token.js'
import { rememberTtl } from '../signing-keys/longest-ttl.js'
import { openSigningKeys, type SigningKeys } from '../signing-keys/signing-keys.js'
import type { Store } from '../store/store.js'
import { checkTokenSize } from './check-token-size.js'

export interface OpenTokens {
  readonly signingKeys: SigningKeys
  readonly tokens: AccessTokenIssuer
}

/**
 * Opens the signing keys, making them in an empty store, and what issues tokens with them.
 * @throws StartError
 * @throws ConfigurationError when the tokens of a role would be too long.
 */
export async function openTokens(store: Store, config: ReadyConfig): Promise<OpenTokens> {
  const { secret, algorithm, keyLeadSeconds, issuer, audiences, accessTtlSeconds } = config
  const signingKeys = await openSigningKeys({ store, secret, algorithm, keyLeadSeconds })
  const tokens = createAccessTokenIssuer({ signingKeys, issuer, audiences, accessTtlSeconds, clock: store.clock })
  checkTokenSize(config, tokens, store.now())
  await rememberTtl(store, accessTtlSeconds)
  return { signingKeys, tokens }
}
