import { type Auth, type AuthStatus, createAuth, type Decision, LatchkeyError, type Roles } from 'latchkey'
import { type AccessToken, createVerifier, type Key, type Revocations, type Verifier } from 'latchkey/token'
import { peekToken } from '../sessions/peek-token.js'
import { firstKnowing, keysByKind } from '../signing-keys/by-kind.js'

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
  /** Takes tokens of this server for whatever audience they name, also of sessions that are over: whoever asks reads the session. */
  readonly issuedVerifier: Verifier
  /** From now on these keys verify, and no others; the same ones again change nothing. */
  useKeys(keys: readonly Key[]): void
}

/** What guards in the server's own process ask; its keys change while it runs. */
export function createLocalAuth(options: LocalAuthOptions, keys: readonly Key[]): LocalAuth {
  const { issuer, clock, revocations, roles, onDecision } = options
  const { refusesKey } = revocations
  const ofKeys: Revocations = { version: 0, refuses: (_, kid) => refusesKey(kid), refusesKey }
  const make = (list: readonly Key[]) => {
    const shared = { keys: list, issuer, audience: issuer, clock, revocations }
    // The verifiers answer rare questions, and need no cache beside that of the guards.
    return {
      auth: createAuth({ ...shared, maxStalenessSeconds, ...(roles && { roles }) }),
      verifier: createVerifier({ ...shared, cacheEntries: 0 }),
      issuedVerifier: {
        verify: (token: string) =>
          createVerifier({
            ...{ ...shared, cacheEntries: 0, revocations: ofKeys },
            audience: audienceOf(token) ?? issuer,
          }).verify(token),
      },
    }
  }
  let used = keys
  let current = keysByKind(keys).map(make)
  /** By the checks with earlier keys. */
  let before = { laggingDecisions: 0, cache: { hits: 0, misses: 0 } }
  function status() {
    const all = current.map(({ auth }) => auth.status())
    const sum = (count: (one: Pick<AuthStatus, 'laggingDecisions' | 'cache'>) => number) =>
      [before, ...all].reduce((total, one) => total + count(one), 0)
    return {
      ...(all[0] as AuthStatus),
      laggingDecisions: sum(({ laggingDecisions }) => laggingDecisions),
      cache: { hits: sum(({ cache }) => cache.hits), misses: sum(({ cache }) => cache.misses) },
    }
  }
  const verifyBy = (which: 'verifier' | 'issuedVerifier', token: string): AccessToken => {
    const verified = firstKnowing(
      current,
      (one) => attempt(() => one[which].verify(token)),
      ({ error }) => error instanceof LatchkeyError && error.code === 'token_invalid',
    )
    if (verified.result === undefined) throw verified.error
    return verified.result
  }
  return {
    auth: Object.freeze({
      ...(current[0] as (typeof current)[number]).auth,
      decide(...args: Parameters<Auth['decide']>) {
        const decision = firstKnowing(
          current,
          ({ auth }) => auth.decide(...args),
          (made) => made.status !== undefined && made.code === 'token_invalid',
        )
        onDecision?.(outcomeOf(decision, revocations))
        return decision
      },
      explain: (token: string) =>
        firstKnowing(
          current,
          ({ auth }) => auth.explain(token),
          ({ refused }) => refused === 'token_invalid',
        ),
      status,
    }),
    verifier: Object.freeze({
      verify(token: string) {
        const accessToken = verifyBy('verifier', token)
        const ageMs = revocations.ageMs?.() ?? Number.POSITIVE_INFINITY
        if (ageMs <= maxStalenessSeconds * 1000) return accessToken
        throw new LatchkeyError('busy', { detail: 'It is not known at this moment who was logged out' })
      },
    }),
    issuedVerifier: Object.freeze({ verify: (token: string) => verifyBy('issuedVerifier', token) }),
    useKeys(list: readonly Key[]) {
      if (list.length === used.length && list.every((key, i) => key === used[i])) return
      before = status()
      used = list
      current = keysByKind(list).map(make)
    },
  }
}

function attempt<Result>(work: () => Result): { readonly result?: Result; readonly error?: unknown } {
  try {
    return { result: work() }
  } catch (error) {
    return { error }
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
