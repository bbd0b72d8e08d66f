/** The object that guards ask: keys, the issuer and audience they belong to, and the decision for one request. */
import type { Roles } from '../access/index.js'
import { type Clock, systemClock } from '../clock.js'
import { LatchkeyError } from '../errors.js'
import { describeRequest, problem } from '../http/index.js'
import type { TokenCheck } from '../token/check-token.js'
import { readVerifierOptions } from '../token/create-verifier.js'
import type { Keys } from '../token/key-set.js'
import type { Revocations } from '../token/revocation-list.js'
import { type Decision, decide, type GuardRequest } from './decide.js'
import { followServer, type ServerFollower } from './follow-server.js'
import { createFreshness } from './freshness.js'
import type { Need } from './need.js'
import { readServerAddress } from './server-address.js'

/** What guards need to know; `createAuth` and the server's `createLatchkey` both make one. */
export interface Auth<Scope extends string = string> {
  /** All scopes a guard may name; empty when none were defined, and then any may be named. */
  readonly scopes: readonly Scope[]
  /** Synchronous; never throws. */
  decide(request: GuardRequest, need: Need): Decision
  /** Settles when the first request can be decided. */
  ready(): Promise<void>
  /** For health checks and logs. */
  status(): AuthStatus
  close(): Promise<void>
}

export interface AuthStatus {
  /** How old the copy of the revocations is, in milliseconds; undefined where there is no copy, or none yet. */
  readonly revocationsAgeMs: number | undefined
  /** Why the server cannot be followed at this moment; undefined while it can, and where none is followed. */
  readonly problem: string | undefined
}

interface SharedOptions<Scope extends string> {
  /** What `aud` must be or hold; default: the issuer. */
  readonly audience?: string
  /** Takes the names of the scopes, so that guards refuse a misspelt one. */
  readonly roles?: Roles<Scope>
  /** How long after its `exp` a token still counts; 0 to 300, default 0. */
  readonly leewaySeconds?: number
  /** How many verified tokens are kept, at 2 KiB each on average; default 50,000; 0 keeps none. */
  readonly cacheEntries?: number
  /** How old the copy of the revocations may be before `whenStale` applies; 1 to 86,400, default 300. */
  readonly maxStalenessSeconds?: number
  /** What becomes of good tokens when the copy of the revocations is older; default `refuse`, with 503. */
  readonly whenStale?: 'refuse' | 'accept'
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: Clock
}

/** For keys that are given: no network, no database, no file. */
export interface KeyAuthOptions<Scope extends string = string> extends SharedOptions<Scope> {
  /** The keys that may have signed; each verifies tokens that name it by `kid`. */
  readonly keys: Keys
  /** What `iss` must be, character by character. */
  readonly issuer: string
  /** Tokens that are refused before they expire; default none. */
  readonly revocations?: Revocations
}

/** For a Latchkey server, whose keys and revocations are followed. */
export interface ServerAuthOptions<Scope extends string = string> extends SharedOptions<Scope> {
  /** Its https URL, or an http one of this machine. */
  readonly server: string
  /** What `iss` must be, and what the server's metadata must name; default: `server`. */
  readonly issuer?: string
  /** Takes an http URL of another machine; default false. */
  readonly allowHttp?: boolean
}

export type AuthOptions<Scope extends string = string> = KeyAuthOptions<Scope> | ServerAuthOptions<Scope>

const sharedNames = [
  ...['issuer', 'audience', 'roles', 'leewaySeconds', 'cacheEntries'],
  ...['maxStalenessSeconds', 'whenStale', 'clock'],
]

/**
 * Makes what guards ask, from a server that issues tokens or from a list of keys.
 *
 *     const auth = createAuth({ server: 'https://id.example', audience: 'orders' })
 *     app.get('/orders', guard(auth, 'order:read'), handler)
 *
 * Tokens are checked in this process alone. With `server` its keys and revocations are read in the background, every 400 ms,
 * and never because of a token; until they are here for the first time, and when the copy of the revocations is too old, good
 * tokens are answered 503. `close` ends that.
 *
 * @throws TypeError for a wrong key or address, or an unknown or wrong option.
 */
export function createAuth<Scope extends string = string>(options: AuthOptions<Scope>): Auth<Scope> {
  const { roles } = options
  if (roles !== undefined && !Array.isArray(roles.scopes)) throw new TypeError('roles must come from defineRoles')
  return 'server' in options ? createServerAuth(options) : createKeyAuth(options)
}

function createKeyAuth<Scope extends string>(options: KeyAuthOptions<Scope>): Auth<Scope> {
  const { keys, ...rest } = { audience: options.issuer, ...options }
  const check = readVerifierOptions('createAuth', rest, [...sharedNames, 'keys', 'revocations']).withKeys(keys)
  const { revocations } = options
  return assemble(options, revocations, () => check)
}

function createServerAuth<Scope extends string>(options: ServerAuthOptions<Scope>): Auth<Scope> {
  const { server: given, allowHttp = false, ...rest } = options
  const server = readServerAddress(given, allowHttp)
  const issuer = options.issuer ?? server
  let check: TokenCheck | undefined
  // Read before anything is asked of the server, so that a wrong option is an exception here and not a warning later.
  const verifier = (revocations?: Revocations) =>
    readVerifierOptions('createAuth', { audience: issuer, ...rest, issuer, ...(revocations && { revocations }) }, [
      ...sharedNames,
      'revocations',
    ])
  verifier()
  createFreshness(options)
  const follower = followServer({
    server,
    issuer,
    onKeys: (keys) => {
      check = verifier(follower.revocations).withKeys(keys)
    },
  })
  return assemble(options, follower.revocations, () => check, follower)
}

function assemble<Scope extends string>(
  options: AuthOptions<Scope>,
  revocations: Revocations | undefined,
  check: () => TokenCheck | undefined,
  follower?: ServerFollower,
): Auth<Scope> {
  const { roles, clock = systemClock, maxStalenessSeconds, whenStale } = options
  const isUsable = createFreshness({
    ...(revocations && { revocations }),
    ...(maxStalenessSeconds !== undefined && { maxStalenessSeconds }),
    ...(whenStale !== undefined && { whenStale }),
  })
  return Object.freeze({
    scopes: roles?.scopes ?? [],
    decide(request: GuardRequest, need: Need): Decision {
      try {
        return decide(check(), request, need, clock(), isUsable)
      } catch (cause) {
        return problem(new LatchkeyError('server_error', { cause }), describe(request))
      }
    },
    ready: async () => follower?.ready(),
    status: () => ({ revocationsAgeMs: revocations?.ageMs?.(), problem: follower?.problem }),
    close: async () => follower?.close(),
  })
}

/** A guard of somebody's own may hand over anything; `decide` answers all the same. */
function describe(request: Partial<GuardRequest> | null | undefined): string | undefined {
  const { method, url } = request ?? {}
  return typeof method === 'string' && typeof url === 'string' ? describeRequest(method, url) : undefined
}
