import { ConfigurationError, type ReadyConfig } from '../config.js'
import type { AccessTokenIssuer } from '../sessions/issue-access-token.js'
import { grantScopes, maxScopeLength } from '../sessions/token-request.js'

/**
 * Tries the longest token of each role, so that a role or list of audiences that fits no token stops the start instead of
 * every login.
 * @throws ConfigurationError naming the role.
 */
export function checkTokenSize({ roles }: ReadyConfig, tokens: AccessTokenIssuer, now: number): void {
  const longestUid = String(Number.MAX_SAFE_INTEGER)
  // What a request may cut the scopes of a role to, at most.
  const longestCut = Array.from({ length: maxScopeLength / 4 }, () => 'x:y')
  for (const role of roles.names) {
    const scopes = grantScopes(roles, role)
    const longest = scopes.join(' ').length > maxScopeLength ? scopes : longestCut
    try {
      tokens.issue({ uid: longestUid, clientType: 100, scopes: longest, sid: 'A'.repeat(22), gen: 0 }, now)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      throw new ConfigurationError(
        `The tokens of role "${role}" are too long: its scopes and the audiences must fit into 8,192 characters`,
      )
    }
  }
}
