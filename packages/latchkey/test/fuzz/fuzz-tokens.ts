/** Throws mutated tokens at every verifier, and asks jose about those that are not refused. */
import { LatchkeyError } from 'latchkey'
import { verifyCompact } from 'latchkey/jws'
import { createRandom } from './random.js'
import { mutateSigned } from './signed-mutants.js'
import { createTargets, type Mutant, type Target } from './targets.js'
import { mutateText } from './text-mutants.js'
import { makeVariant } from './variants.js'

export interface Report {
  readonly ran: number
  readonly accepted: number
  /** How many of each kind ran, and how many jose accepts though we refuse (of those it was asked about). */
  readonly kinds: Readonly<Record<string, { ran: number; asked: number; onlyJose: number }>>
  /** One line each; empty when all is well. */
  readonly failures: readonly string[]
}

export interface FuzzOptions {
  readonly count: number
  readonly seed: number
  /** The share of refused tokens that jose is asked about. */
  readonly joseShare: number
}

const maxFailures = 20

export async function fuzzTokens({ count, seed, joseShare }: FuzzOptions): Promise<Report> {
  const targets = await createTargets()
  // The pairs are twenty times as slow, so they come less often.
  const pool = targets.flatMap((target) => Array<Target>(target.key.symmetric ? 5 : 2).fill(target))
  const valid = new Set(targets.flatMap(({ tokens }) => tokens))
  const random = createRandom(seed)
  const kinds: Record<string, { ran: number; asked: number; onlyJose: number }> = {}
  const failures: string[] = []
  let accepted = 0
  for (let i = 0; i < count && failures.length < maxFailures; i++) {
    const target = random.pick(pool)
    const mutant = makeMutant(random.below(10), random, target)
    const { kind, token, expected } = mutant
    kinds[kind] ??= { ran: 0, asked: 0, onlyJose: 0 }
    const row = kinds[kind]
    row.ran += 1
    const fail = (what: string) =>
      failures.push(`${what}: ${kind}, ${target.alg}, seed ${seed}, number ${i}: ${token.slice(0, 1500)}`)
    const own = valid.has(token)
    const answer = verdict(() => target.cached.verify(token).claims)
    const uncached = verdict(() => target.uncached.verify(token).claims)
    if (answer !== uncached) fail(`cached says ${answer}, uncached ${uncached}`)
    if (verdict(() => target.cached.verify(token).claims) !== answer) fail('asked again, it answers otherwise')
    if (answer.startsWith('threw') || uncached.startsWith('threw')) fail(answer)
    if (i % 4 === 0) checkCompact(target, mutant, own, fail)
    const isAccepted = answer.startsWith('{')
    if (isAccepted) accepted += 1
    if (isAccepted && expected === 'refused' && !own) fail('accepted')
    if (!isAccepted && (expected === 'accepted' || own)) fail(`refused as ${answer}`)
    if (isAccepted || random.chance(joseShare)) {
      const byJose = await target.joseAccepts(token)
      row.asked += 1
      if (isAccepted && !byJose) fail('we accept, jose refuses')
      if (!isAccepted && byJose) row.onlyJose += 1
    }
  }
  return { ran: count, accepted, kinds, failures }
}

function makeMutant(choice: number, random: ReturnType<typeof createRandom>, target: Target): Mutant {
  if (choice < 5) return mutateText(random, target)
  return choice < 9 ? mutateSigned(random, target) : makeVariant(random, target)
}

/** What was signed verifies below the claims too; what was not, does not. */
function checkCompact(target: Target, { kind, token }: Mutant, own: boolean, fail: (what: string) => void): void {
  const keys = target.siblings.map(({ key }) => key)
  const answer = verdict(() => verifyCompact(token, keys).header)
  if (answer.startsWith('threw')) fail(`verifyCompact ${answer}`)
  const forged = kind.startsWith('text') || kind === 'forged'
  if (answer.startsWith('{') && forged && !own) fail('verifyCompact accepted')
}

/** What was answered, as a text that can be compared. */
function verdict(attempt: () => object): string {
  try {
    return JSON.stringify(attempt())
  } catch (error) {
    if (error instanceof LatchkeyError && error.status === 401) return `${error.code} ${error.claim ?? ''}`
    return `threw ${error}`
  }
}
