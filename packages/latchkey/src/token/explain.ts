/** Explains what becomes of a token, check by check, for people: the same checks that accept and refuse. */
import { type Clock, systemClock } from '../clock.js'
import { type Check, type CheckName, checks, Examination, type Trust } from './checks.js'
import { readVerifierOptions, type VerifierOptions } from './create-verifier.js'
import { describeAdvice } from './explain-advice.js'
import { describeCheck } from './explain-check.js'
import type { Refusal } from './refusal.js'

export interface ExplainedCheck {
  readonly name: CheckName
  /** `skipped`: an earlier check found nothing that this one could look at. */
  readonly outcome: 'ok' | 'refused' | 'skipped'
  /** What the token has. Never its signature. */
  readonly found?: string
  readonly expected?: string
}

export interface Explanation {
  readonly accepted: boolean
  /** The code that a guard refuses with. */
  readonly refused?: Refusal['refused']
  /** Every check in the order in which it is made; a guard stops at the first that refuses. */
  readonly checks: readonly ExplainedCheck[]
  /** What to do, in a sentence. */
  readonly advice: string
}

export type ExplainOptions = Omit<VerifierOptions, 'cacheEntries'>

const optionNames = ['keys', 'issuer', 'audience', 'leewaySeconds', 'revocations', 'clock']

/**
 * Explains a token to a person: what each check of a guard finds, and what to do. It goes on behind the first refusal, so that
 * what a token says is shown even when nobody signed it: **do not decide by it**, and do not show it to strangers.
 *
 *     explain(token, { keys, issuer: 'https://id.example', audience: 'orders' }).advice
 *
 * @throws TypeError for a wrong key or an unknown or wrong option.
 */
export function explain(token: string, options: ExplainOptions): Explanation {
  const clock: Clock = options.clock ?? systemClock
  return explainBy(readVerifierOptions('explain', options, optionNames).trustIn(options.keys), String(token), clock())
}

/** The same by what somebody trusts already. */
export function explainBy(trust: Trust, token: string, nowMs: number): Explanation {
  const examination = new Examination(token, nowMs)
  let first: Refusal | undefined
  let refusedBy: CheckName | undefined
  const explained = checks.map((check) => {
    const made = makeCheck(check, examination, trust)
    if (made !== 'skipped' && made !== undefined && first === undefined) {
      first = made
      refusedBy = check.name
    }
    return explainCheck(check.name, made, examination, trust)
  })
  return Object.freeze({
    accepted: first === undefined,
    ...(first === undefined ? {} : { refused: first.refused }),
    checks: Object.freeze(explained),
    advice: describeAdvice(refusedBy, examination, trust),
  })
}

function makeCheck({ needs, run }: Check, examination: Examination, trust: Trust): Refusal | undefined | 'skipped' {
  if (needs !== undefined && examination[needs] === undefined) return 'skipped'
  return run(examination, trust)
}

function explainCheck(
  name: CheckName,
  made: Refusal | undefined | 'skipped',
  examination: Examination,
  trust: Trust,
): ExplainedCheck {
  if (made === 'skipped') return { name, outcome: 'skipped' }
  const { found, expected } = describeCheck[name](examination, trust, made)
  const outcome = made === undefined ? ('ok' as const) : ('refused' as const)
  return { name, outcome, ...(found === undefined ? {} : { found }), ...(made === undefined ? {} : { expected }) }
}
