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
    const tokens = inTurns(own.issueMany(5_000))
    const bad = { ...badTokens(own, alg), '8 KiB of dots': '.'.repeat(8192) }
    const auth = createAuth({
      ...{ keys: [own.key], issuer, audience, revocations: createRevocationList() },
      cacheEntries: 0,
    })
    const allowed = guard(auth)
    const passes = (request) => allowed(request, new Response())
    const good = (count) => tokens(count).map(requestWith)
    const isOpen = Object.values(bad).some((token) => passes(requestWith(token)))
    if (!good(50).every(passes) || isOpen) throw new Error(`${alg}: wrong`)
    const contestants = [
      { name: accepted, prepare: good, run: (requests) => requests.forEach(passes) },
      ...Object.entries(bad).map(([what, token]) => ({
        name: what,
        prepare: (count) => Array.from({ length: count }, () => requestWith(token)),
        run: (requests) => requests.forEach(passes),
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

/** With the line as a server reads it: one text, not two that are joined when somebody looks. */
function requestWith(token) {
  const authorization = fresh(`Bearer ${token}`)
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
