/** The object that guards ask, whatever its keys come from. */
import type { Roles } from '../access/index.js'
import { type Clock, systemClock } from '../clock.js'
import { isDevelopment } from '../development.js'
import { LatchkeyError } from '../errors.js'
import { describeRequest, problem } from '../http/index.js'
import type { Explanation } from '../token/explain.js'
import { goodToken } from '../token/explain-advice.js'
import type { Revocations } from '../token/revocation-list.js'
import type { CacheCounts } from '../token/token-cache.js'
import { type Check, type Decision, decide, type GuardRequest, keysUnknown } from './decide.js'
import type { Freshness } from './freshness.js'
import type { Need } from './need.js'

/** What guards need to know; `createAuth` and the server's `createLatchkey` both make one. */
export interface Auth<Scope extends string = string> {
  /** All scopes a guard may name; empty when none were defined, and then any may be named. */
  readonly scopes: readonly Scope[]
  /** Synchronous; never throws. */
  decide(request: GuardRequest, need: Need): Decision
  /**
   * What becomes of a token here, for people: see `explain` of `latchkey/token`. Without the list of checks while the keys are
   * not known, and with tokens of another issuer.
   */
  explain(token: string): Explanation
  /** Settles when the first request can be decided. */
  ready(): Promise<void>
  /** For health checks and logs. */
  status(): AuthStatus
  close(): Promise<void>
}

export interface AuthStatus {
  /** How old the copy of the revocations is, in milliseconds; undefined where there is no copy, or none yet. */
  readonly revocationsAgeMs: number | undefined
  /** How many tokens were let through by a copy older than a second, as `maxStalenessSeconds` allows. */
  readonly laggingDecisions: number
  /** How many tokens were found among those verified before, and how many were not, wrong ones among them. */
  readonly cache: Readonly<CacheCounts>
  /** Why the server cannot be followed at this moment; undefined while it can, and where none is followed. */
  readonly problem: string | undefined
}

/** What an `Auth` is made of. */
export interface AuthParts<Scope extends string> {
  readonly options: { readonly roles?: Roles<Scope>; readonly clock?: Clock }
  /** Undefined before the first keys. */
  readonly check: () => Check | undefined
  /** Undefined before the first keys; left out where there is no list of checks. */
  readonly explain?: (token: string, nowMs: number) => Explanation | undefined
  readonly counts: CacheCounts
  /** Whether the copy of the revocations is new enough. */
  readonly freshness: Freshness
  readonly revocations?: Revocations | undefined
  /** What reads keys in the background. */
  readonly follower?: { ready(): Promise<void>; readonly problem: string | undefined; close(): void }
}

export function assembleAuth<Scope extends string>(parts: AuthParts<Scope>): Auth<Scope> {
  const { check, counts, freshness, revocations, follower } = parts
  const { roles, clock = systemClock } = parts.options
  function explain(token: string): Explanation {
    return parts.explain?.(token, clock()) ?? explainResult(check()?.check(token, clock()))
  }
  // To read a clock is dear beside the rest; one of somebody's own may not be the wall's.
  const isUsable = clock === systemClock ? freshness.isUsable : () => freshness.isUsable()
  const adviseOn = isDevelopment() ? (token: string) => explain(token).advice : undefined
  return Object.freeze({
    scopes: roles?.scopes ?? [],
    decide(request: GuardRequest, need: Need): Decision {
      try {
        return decide(check(), request, need, clock(), isUsable, adviseOn)
      } catch (cause) {
        return problem(new LatchkeyError('server_error', { cause }), describe(request))
      }
    },
    explain: (token: string) => explain(String(token)),
    ready: async () => follower?.ready(),
    status: () => ({
      revocationsAgeMs: revocations?.ageMs?.(),
      laggingDecisions: freshness.lagging(),
      cache: { ...counts },
      problem: follower?.problem,
    }),
    close: async () => follower?.close(),
  })
}

function explainResult(result: ReturnType<Check['check']> | undefined): Explanation {
  if (result === undefined) return { accepted: false, refused: 'busy', checks: [], advice: keysUnknown }
  if ('refused' in result) return { accepted: false, refused: result.refused, checks: [], advice: result.reason }
  return { accepted: true, checks: [], advice: goodToken }
}

/** A guard of somebody's own may hand over anything; `decide` answers all the same. */
function describe(request: Partial<GuardRequest> | null | undefined): string | undefined {
  const { method, url } = request ?? {}
  return typeof method === 'string' && typeof url === 'string' ? describeRequest(method, url) : undefined
}
