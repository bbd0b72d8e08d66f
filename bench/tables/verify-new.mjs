/** Every token new to whoever verifies it. */
import { measure } from '../lib/rounds.mjs'
import { badTokens, createIssuer, inTurns } from '../lib/tokens.mjs'
import { asContestant, createBareVerifier, createVerifiers, expectRight } from '../lib/verifiers.mjs'

const ours = 'latchkey, cache off'
const goals = {
  HS256: [
    { name: ours, times: 0.9, against: 'bare createHmac' },
    { name: ours, times: 2, against: 'fast-jwt, cache off' },
  ],
  EdDSA: [{ name: ours, times: 0.97, against: 'bare crypto.verify' }],
  ES256: [{ name: ours, times: 0.97, against: 'bare crypto.verify' }],
}

export const title = 'verify, every token new'

export async function run({ rounds }) {
  const tables = []
  for (const alg of Object.keys(goals)) {
    const own = createIssuer(alg)
    const tokens = own.issueMany(5_000)
    const verifiers = await createVerifiers(own.key, { cached: false })
    for (const one of verifiers) await expectRight(one, tokens.slice(0, 50), badTokens(own, alg))
    const bare = createBareVerifier(own.key)
    for (const token of tokens.slice(0, 50)) bare.verify(token)
    const contestants = [bare, ...verifiers].map((one) => asContestant(one, inTurns(tokens)))
    const results = await measure(contestants, { rounds })
    tables.push({
      ...{ work: `verify ${alg}, every token new`, unit: 'us each', base: bare.name, results, goals: goals[alg] },
      notes: ['The bare limit is the signature alone: it reads no claim.'],
    })
  }
  return tables
}
