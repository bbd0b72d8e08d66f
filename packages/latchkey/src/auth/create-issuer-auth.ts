/** `createAuth` with the profile `any-jwt`: access tokens of an issuer that is no Latchkey server. */
import { createForeignTokenCheck, type ForeignTokenCheck } from '../token/check-foreign-token.js'
import { readVerifierOptions } from '../token/create-verifier.js'
import { noCounts } from '../token/token-cache.js'
import { type Auth, assembleAuth } from './assemble-auth.js'
import type { IssuerAuthOptions } from './auth-options.js'
import { followIssuer, type Pace, usualPace } from './follow-issuer.js'
import { alwaysFresh } from './freshness.js'
import { readServerAddress } from './server-address.js'

const owner = "createAuth with profile: 'any-jwt'"
const optionNames = ['issuer', 'audience', 'roles', 'leewaySeconds', 'cacheEntries', 'clock']

/** @throws TypeError for a wrong address, or an unknown or wrong option. */
export function createIssuerAuth<Scope extends string>(
  options: IssuerAuthOptions<Scope>,
  pace: Pace = usualPace,
): Auth<Scope> {
  const { server: given, profile, allowHttp = false, ...rest } = options
  if (profile !== 'any-jwt') throw new TypeError(`profile must be 'any-jwt', or left out for a Latchkey server`)
  const server = readServerAddress(given, allowHttp)
  const issuer = options.issuer ?? given
  const { rules, cacheEntries } = readVerifierOptions(owner, { ...rest, issuer }, optionNames)
  let check: ForeignTokenCheck | undefined
  const counts = noCounts()
  const follower = followIssuer({
    ...{ server, issuer, allowHttp, pace },
    onKeys: (keys) => {
      check = createForeignTokenCheck(keys, rules, cacheEntries, follower.asksForKeys, counts)
    },
  })
  return assembleAuth({ options, counts, check: () => check, freshness: alwaysFresh, follower })
}
