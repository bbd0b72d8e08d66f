/** What an attacker costs: tokens that are refused, against new ones that are accepted. */
import { createAuth } from 'latchkey'
import { guard } from 'latchkey/node'
import { createRevocationList } from 'latchkey/token'
import { measure } from '../lib/rounds.mjs'
import { audience, badTokens, createIssuer, fresh, inTurns, issuer } from '../lib/tokens.mjs'

const algorithms = ['HS256', 'EdDSA']
const accepted = 'a new token, accepted'

export const title = 'refuse'

export async function run({ rounds }) {
  const tables = []
  for (const alg of algorithms) {
    const own = createIssuer(alg)
    const good = inTurns(own.issueMany(5_000))
    const bad = { ...badTokens(own, alg), '8 KiB of dots': '.'.repeat(8192) }
    const auth = createAuth({
      ...{ keys: [own.key], issuer, audience, revocations: createRevocationList() },
      cacheEntries: 0,
    })
    const allowed = guard(auth)
    const passes = (token) => allowed(requestWith(token), new Response())
    if (!good(50).every(passes) || Object.values(bad).some(passes)) throw new Error(`${alg}: wrong`)
    const contestants = [
      { name: accepted, prepare: good, run: (tokens) => tokens.forEach(passes) },
      ...Object.entries(bad).map(([what, token]) => ({
        name: what,
        prepare: (count) => Array.from({ length: count }, () => fresh(token)),
        run: (tokens) => tokens.forEach(passes),
      })),
    ]
    const results = await measure(contestants, { rounds })
    const goals = Object.keys(bad).map((name) => ({ name, times: 1, against: accepted }))
    const work = `refuse by a guard, with its answer, ${alg}`
    tables.push({ work, unit: 'us each', base: accepted, results, goals })
    await auth.close()
  }
  return tables
}

function requestWith(token) {
  const authorization = `Bearer ${token}`
  const rawHeaders = ['Host', '127.0.0.1', 'Authorization', authorization, 'Connection', 'keep-alive']
  return { method: 'GET', url: '/orders', headers: { host: '127.0.0.1', authorization }, rawHeaders }
}

/** As much of a `ServerResponse` as a guard writes to. */
class Response {
  statusCode = 200
  headers = {}
  setHeader(name, value) {
    this.headers[name] = value
  }
  end(body) {
    this.body = body
  }
}
