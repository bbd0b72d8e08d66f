/** Tokens that were verified before, as every request brings them: as fresh strings. */
import { measure } from '../lib/rounds.mjs'
import { badTokens, createIssuer, fresh, inTurns } from '../lib/tokens.mjs'
import { asContestant, createBareVerifier, createVerifiers, expectRight } from '../lib/verifiers.mjs'

const bareName = 'bare createHmac'
const goals = {
  1000: [
    { name: 'latchkey', times: 6, against: bareName },
    { name: 'latchkey', times: 8, against: 'fast-jwt, its cache' },
  ],
  100000: [{ name: 'latchkey', times: 1.3, against: bareName }],
}

export const title = 'verify again'

export async function run({ rounds }) {
  const tables = []
  for (const live of Object.keys(goals)) {
    const own = createIssuer('HS256')
    const tokens = own.issueMany(Number(live))
    const verifiers = await createVerifiers(own.key, { cached: true })
    // Three times each, so that all are in every cache.
    const seen = [tokens, tokens, tokens].flat().map(fresh)
    for (const one of verifiers) await expectRight(one, seen, badTokens(own, 'HS256'))
    const bare = createBareVerifier(own.key)
    const contestants = [bare, ...verifiers].map((one) => asContestant(one, inTurns(tokens)))
    const results = await measure(contestants, { rounds })
    const work = `verify again HS256, ${Number(live).toLocaleString('en')} live tokens`
    tables.push({ work, unit: 'us each', base: bare.name, results, goals: goals[live] })
  }
  return tables
}
