/** Makes what guards ask: keys, the issuer and audience they belong to, and the decision for one request. */
import { createTokenCheck, type TokenCheck } from '../token/check-token.js'
import type { Trust } from '../token/checks.js'
import { readVerifierOptions } from '../token/create-verifier.js'
import { explainBy } from '../token/explain.js'
import type { Revocations } from '../token/revocation-list.js'
import { noCounts } from '../token/token-cache.js'
import { type Auth, assembleAuth } from './assemble-auth.js'
import type { AuthOptions, KeyAuthOptions, ServerAuthOptions } from './auth-options.js'
import { createIssuerAuth } from './create-issuer-auth.js'
import { followServer } from './follow-server.js'
import { createFreshness } from './freshness.js'
import { readKeyFile } from './read-key-file.js'
import { readServerAddress } from './server-address.js'

const sharedNames = [
  ...['issuer', 'audience', 'roles', 'leewaySeconds', 'cacheEntries'],
  ...['maxStalenessSeconds', 'whenStale', 'clock'],
]

/**
 * Makes what guards ask, from a server that issues tokens or from keys.
 *
 *     const auth = createAuth({ server: 'https://id.example', audience: 'orders' })
 *     app.get('/orders', guard(auth, 'order:read'), handler)
 *
 * Tokens are checked in this process alone. With `server` its keys and revocations are read in the background, every 400 ms,
 * and never because of a token; until they are here for the first time, and when the copy of the revocations is too old, good
 * tokens are answered 503. `close` ends that. `keys` are given themselves or as the path of a file, which is read once: a changed
 * file needs a restart.
 *
 *     const auth = createAuth({ server: 'https://login.example/realms/shop', profile: 'any-jwt', audience: 'orders' })
 *
 * `profile: 'any-jwt'` is for an issuer that is no Latchkey server. Takes JWTs signed with RS256, PS256, ES256 or EdDSA (Ed25519)
 * by a key of the set that its metadata names, with `iss`, `aud`, `sub` and `exp`; not ID tokens, as far as they can be told.
 * **It knows of no revocation**: a logout there is known here only when the token expires. The keys are read every 5 minutes, and
 * at most once in 30 s because of a token that names an unknown one; until the first are here, tokens are answered 503. `scope` or
 * `scp` give the scopes, but for entries with `*` or a leading `!`, which are patterns here and names there. `maxAgeSeconds` of a
 * guard needs `auth_time` in the token.
 *
 * @throws TypeError for a wrong key, file or address, or an unknown or wrong option.
 */
export function createAuth<Scope extends string = string>(options: AuthOptions<Scope>): Auth<Scope> {
  const { roles } = options
  if (roles !== undefined && !Array.isArray(roles.scopes)) throw new TypeError('roles must come from defineRoles')
  if (!('server' in options)) return createKeyAuth(options)
  return options.profile === undefined ? createServerAuth(options) : createIssuerAuth(options)
}

function createKeyAuth<Scope extends string>(options: KeyAuthOptions<Scope>): Auth<Scope> {
  const { keys, ...rest } = { audience: options.issuer, ...options }
  const verifier = readVerifierOptions('createAuth', rest, [...sharedNames, 'keys', 'revocations'])
  const freshness = createFreshness(freshnessOf(options, options.revocations))
  const trust = verifier.trustIn(typeof keys === 'string' ? readKeyFile(keys) : keys)
  const counts = noCounts()
  const check = createTokenCheck(trust, verifier.cacheEntries, counts)
  return assembleAuth({
    ...{ options, freshness, revocations: options.revocations, counts, check: () => check },
    explain: (token, nowMs) => explainBy(trust, token, nowMs),
  })
}

function createServerAuth<Scope extends string>(options: ServerAuthOptions<Scope>): Auth<Scope> {
  const { server: given, allowHttp = false, apiKey, profile: _, ...rest } = options
  const server = readServerAddress(given, allowHttp)
  const issuer = options.issuer ?? server
  let trust: Trust | undefined
  let check: TokenCheck | undefined
  const counts = noCounts()
  // Read before anything is asked of the server, so that a wrong option is an exception here and not a warning later.
  const verifier = (revocations?: Revocations) =>
    readVerifierOptions('createAuth', { audience: issuer, ...rest, issuer, ...(revocations && { revocations }) }, [
      ...sharedNames,
      'revocations',
    ])
  verifier()
  createFreshness(freshnessOf(options))
  const follower = followServer({
    server,
    issuer,
    apiKey,
    onKeys: (keys) => {
      const { trustIn, cacheEntries } = verifier(follower.revocations)
      trust = trustIn(keys)
      check = createTokenCheck(trust, cacheEntries, counts)
    },
  })
  const { revocations } = follower
  const freshness = createFreshness(freshnessOf(options, revocations))
  return assembleAuth({
    ...{ options, freshness, revocations, follower, counts, check: () => check },
    explain: (token, nowMs) => trust && explainBy(trust, token, nowMs),
  })
}

function freshnessOf(
  { maxStalenessSeconds, whenStale }: KeyAuthOptions | ServerAuthOptions,
  revocations?: Revocations,
): Parameters<typeof createFreshness>[0] {
  return {
    ...(revocations && { revocations }),
    ...(maxStalenessSeconds !== undefined && { maxStalenessSeconds }),
    ...(whenStale !== undefined && { whenStale }),
  }
}
