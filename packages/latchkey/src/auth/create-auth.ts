/** The object that guards ask: keys, the issuer and audience they belong to, and the decision for one request. */
import type { Roles } from '../access/index.js'
import { systemClock } from '../clock.js'
import { LatchkeyError } from '../errors.js'
import { describeRequest, problem } from '../http/index.js'
import { readVerifierOptions, type VerifierOptions } from '../token/create-verifier.js'
import { type Decision, decide, type GuardRequest } from './decide.js'
import { createFreshness } from './freshness.js'
import type { Need } from './need.js'

/** What guards need to know; `createAuth` and the server's `createLatchkey` both make one. */
export interface Auth<Scope extends string = string> {
  /** All scopes a guard may name; empty when none were defined, and then any may be named. */
  readonly scopes: readonly Scope[]
  /** Synchronous; never throws. */
  decide(request: GuardRequest, need: Need): Decision
  /** Settles when the first request can be decided. */
  ready(): Promise<void>
  close(): Promise<void>
}

export interface AuthOptions<Scope extends string = string> extends Omit<VerifierOptions, 'audience'> {
  /** What `aud` must be or hold; default: the issuer. */
  readonly audience?: string
  /** Takes the names of the scopes, so that guards refuse a misspelt one. */
  readonly roles?: Roles<Scope>
  /** How old the copy of the revocations may be before `whenStale` applies; 1 to 86,400, default 300. */
  readonly maxStalenessSeconds?: number
  /** What becomes of good tokens when the copy of the revocations is older; default `refuse`, with 503. */
  readonly whenStale?: 'refuse' | 'accept'
}

const optionNames = [
  ...['keys', 'issuer', 'audience', 'leewaySeconds', 'cacheEntries', 'clock', 'roles'],
  ...['revocations', 'maxStalenessSeconds', 'whenStale'],
]

/**
 * Makes what guards ask, from a list of keys: no network, no database, no file.
 *
 *     const auth = createAuth({ keys: [publicJwk], issuer: 'https://id.example' })
 *     app.get('/orders', guard(auth, 'order:read'), handler)
 *
 * @throws TypeError for a wrong key or an unknown or wrong option.
 */
export function createAuth<Scope extends string = string>(options: AuthOptions<Scope>): Auth<Scope> {
  const { roles, maxStalenessSeconds: _, whenStale: __, ...shared } = { audience: options.issuer, ...options }
  const check = readVerifierOptions('createAuth', shared, optionNames)
  const clock = options.clock ?? systemClock
  if (roles !== undefined && !Array.isArray(roles.scopes)) throw new TypeError('roles must come from defineRoles')
  const isUsable = createFreshness(options)
  return Object.freeze({
    scopes: roles?.scopes ?? [],
    decide(request: GuardRequest, need: Need): Decision {
      try {
        return decide(check, request, need, clock(), isUsable)
      } catch (cause) {
        return problem(new LatchkeyError('server_error', { cause }), describe(request))
      }
    },
    ready: async () => {},
    close: async () => {},
  })
}

/** A guard of somebody's own may hand over anything; `decide` answers all the same. */
function describe(request: Partial<GuardRequest> | null | undefined): string | undefined {
  const { method, url } = request ?? {}
  return typeof method === 'string' && typeof url === 'string' ? describeRequest(method, url) : undefined
}
