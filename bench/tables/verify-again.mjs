/** Tokens that were verified before, as every request brings them: as fresh strings. */
import { measure } from '../lib/rounds.mjs'
import { badTokens, createIssuer, inTurns } from '../lib/tokens.mjs'
import { asContestant, createBareVerifier, createVerifiers, expectRight } from '../lib/verifiers.mjs'

const budgets = { 1000: 6, 100000: 1.3 }

export const title = 'verify again'

export async function run({ rounds }) {
  const tables = []
  for (const [live, budget] of Object.entries(budgets)) {
    const own = createIssuer('HS256')
    const tokens = own.issueMany(Number(live))
    const verifiers = await createVerifiers(own.key, { cached: true })
    for (const one of verifiers) await expectRight(one, tokens, badTokens(own, 'HS256'))
    const bare = createBareVerifier(own.key)
    const contestants = [bare, ...verifiers].map((one) => asContestant(one, inTurns(tokens)))
    const results = await measure(contestants, { rounds })
    const work = `verify again HS256, ${Number(live).toLocaleString('en')} live tokens`
    tables.push({ work, base: bare.name, ours: 'latchkey', results, budget })
  }
  return tables
}
