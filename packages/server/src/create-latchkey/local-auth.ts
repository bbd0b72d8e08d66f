import { type Auth, createAuth, type Decision, LatchkeyError, type Roles } from 'latchkey'
import { createVerifier, type Key, type Revocations, type Verifier } from 'latchkey/token'
import { peekToken } from '../sessions/peek-token.js'

/** The same for guards and for questions about tokens. */
const maxStalenessSeconds = 300
const freshMs = 1_000

export interface LocalAuthOptions {
  readonly issuer: string
  readonly clock: () => number
  readonly revocations: Revocations
  readonly roles: Roles | undefined
  /** Told of each decision: `accepted`, `accepted_lagging` (by a copy older than a second), `anonymous`, or the code of the refusal. */
  readonly onDecision?: ((outcome: string) => void) | undefined
}

export interface LocalAuth {
  readonly auth: Auth
  /** Makes the checks of a guard: it is `busy` as well while nobody knows who was logged out. */
  readonly verifier: Verifier
  /** Takes tokens of this server for whatever audience they name. */
  readonly issuedVerifier: Verifier
  /** From now on these keys verify. */
  useKeys(keys: readonly Key[]): void
}

/** What guards in the server's own process ask; its keys change while it runs. */
export function createLocalAuth(options: LocalAuthOptions, keys: readonly Key[]): LocalAuth {
  const { issuer, clock, revocations, roles, onDecision } = options
  const make = (list: readonly Key[]) => {
    const shared = { keys: list, issuer, audience: issuer, clock, revocations }
    // The verifiers answer rare questions, and need no cache beside that of the guards.
    return {
      auth: createAuth({ ...shared, maxStalenessSeconds, ...(roles && { roles }) }),
      verifier: createVerifier({ ...shared, cacheEntries: 0 }),
      issuedVerifier: {
        verify: (token: string) =>
          createVerifier({ ...shared, cacheEntries: 0, audience: audienceOf(token) ?? issuer }).verify(token),
      },
    }
  }
  let current = make(keys)
  /** By the checks with earlier keys. */
  let before = { laggingDecisions: 0, cache: { hits: 0, misses: 0 } }
  function status() {
    const now = current.auth.status()
    return {
      ...now,
      laggingDecisions: before.laggingDecisions + now.laggingDecisions,
      cache: { hits: before.cache.hits + now.cache.hits, misses: before.cache.misses + now.cache.misses },
    }
  }
  return {
    auth: Object.freeze({
      ...current.auth,
      decide(...args: Parameters<Auth['decide']>) {
        const decision = current.auth.decide(...args)
        onDecision?.(outcomeOf(decision, revocations))
        return decision
      },
      explain: (token: string) => current.auth.explain(token),
      status,
    }),
    verifier: Object.freeze({
      verify(token: string) {
        const accessToken = current.verifier.verify(token)
        const ageMs = revocations.ageMs?.() ?? Number.POSITIVE_INFINITY
        if (ageMs <= maxStalenessSeconds * 1000) return accessToken
        throw new LatchkeyError('busy', { detail: 'It is not known at this moment who was logged out' })
      },
    }),
    issuedVerifier: Object.freeze({ verify: (token: string) => current.issuedVerifier.verify(token) }),
    useKeys(list: readonly Key[]) {
      before = status()
      current = make(list)
    },
  }
}

function outcomeOf(decision: Decision, revocations: Revocations): string {
  if (decision.status !== undefined) return decision.code
  if (decision.user === undefined) return 'anonymous'
  return (revocations.ageMs?.() ?? 0) <= freshMs ? 'accepted' : 'accepted_lagging'
}

/** The audience that it names first: whoever it is for, it is for them. */
function audienceOf(token: string): string | undefined {
  const [first] = [peekToken(token).claims.aud].flat()
  return typeof first === 'string' && first !== '' ? first : undefined
}
