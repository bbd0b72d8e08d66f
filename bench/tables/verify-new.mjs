/** Every token new to whoever verifies it. */
import { measure } from '../lib/rounds.mjs'
import { badTokens, createIssuer, inTurns } from '../lib/tokens.mjs'
import { asContestant, createBareVerifier, createVerifiers, expectRight } from '../lib/verifiers.mjs'

const budgets = { HS256: 0.9, EdDSA: 0.97, ES256: 0.97 }

export const title = 'verify, every token new'

export async function run({ rounds }) {
  const tables = []
  for (const alg of Object.keys(budgets)) {
    const own = createIssuer(alg)
    const tokens = own.issueMany(5_000)
    const verifiers = await createVerifiers(own.key, { cached: false })
    for (const one of verifiers) await expectRight(one, tokens.slice(0, 50), badTokens(own, alg))
    const bare = createBareVerifier(own.key)
    for (const token of tokens.slice(0, 50)) bare.verify(token)
    const contestants = [bare, ...verifiers].map((one) => asContestant(one, inTurns(tokens)))
    const results = await measure(contestants, { rounds })
    tables.push({
      work: `verify ${alg}, every token new`,
      base: bare.name,
      ours: 'latchkey, cache off',
      results,
      budget: budgets[alg],
    })
  }
  return tables
}
