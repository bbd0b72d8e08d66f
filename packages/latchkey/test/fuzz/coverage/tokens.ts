/** What targets that take tokens share: verifiers of the copy, and the plain reading beside them. */
import type { Key, Verifier } from 'latchkey/token'
import { audience, clock, issuer, now } from '../../fixtures.js'
import { edwardsJwk, ellipticJwk, secretJwk } from '../fixed-keys.js'
import { type PlainRules, plainKey, ruleAgainst } from '../plain-token.js'
import type { CodeUnderTest } from './code-under-test.js'
import { loadJws, loadLatchkey, loadToken } from './modules.js'
import { must } from './target.js'

export interface Trusted {
  readonly keys: readonly Key[]
  readonly rules: PlainRules
  readonly cached: Verifier
  readonly uncached: Verifier
}

/** Secrets and key pairs do not stand in one list. */
const groups = [[secretJwk], [edwardsJwk, ellipticJwk]]

export async function createTokenChecks(code: CodeUnderTest) {
  const [{ LatchkeyError }, { verifyCompact }, { createVerifier, explain, importKey }] = await Promise.all([
    loadLatchkey(code),
    loadJws(code),
    loadToken(code),
  ])
  const trusted = groups.map((jwks): Trusted => {
    const keys = jwks.map(importKey)
    const options = { keys, issuer, audience, clock }
    return {
      ...{ keys, rules: { keys: jwks.map(plainKey), issuer, audience, now } },
      cached: createVerifier({ ...options, cacheEntries: 64 }),
      uncached: createVerifier({ ...options, cacheEntries: 0 }),
    }
  })

  /** What was answered, or the code of the refusal. */
  function answerOf<Answer>(attempt: () => Answer): Answer | string {
    try {
      return attempt()
    } catch (error) {
      if (error instanceof LatchkeyError && error.status === 401) return error.code
      throw error
    }
  }

  /** Verifiers, `explain` and the plain reading must be of one mind. */
  function checkVerifiers(token: string, { keys, rules, cached, uncached }: Trusted): void {
    const rule = ruleAgainst(token, rules)
    // A right token is answered by the cache from the third time on.
    const answers = [uncached, cached, cached, cached].map(({ verify }) => answerOf(() => verify(token)))
    for (const answer of answers) {
      const isRefused = typeof answer === 'string'
      must(isRefused || rule === undefined, `accepts a token against the rule: ${rule}`)
      must(!isRefused || rule !== undefined, `refuses a right token as ${answer}`)
      if (isRefused) must((answer === 'token_expired') === (rule === 'expired'), `refuses as ${answer}: ${rule}`)
    }
    const { accepted, refused } = explain(token, { keys, issuer, audience, clock })
    must(accepted === (rule === undefined), 'explains otherwise than it verifies')
    if (!accepted) must(refused === answers[0], 'explains another refusal')
    if (rule !== undefined) return
    const claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
    for (const answer of answers as ReturnType<Verifier['verify']>[]) {
      must(JSON.stringify(sorted(answer.claims)) === JSON.stringify(sorted(claims)), 'reads other claims')
      must(answer.user.uid === claims.sub && answer.user.sid === claims.sid, 'tells of another user')
    }
  }

  return { trusted, verifyCompact, answerOf, checkVerifiers }
}

function sorted(claims: object): object {
  return Object.fromEntries(Object.entries(claims).sort(([one], [other]) => (one < other ? -1 : 1)))
}
