/** What a guard adds to a request: the same application asked on an open route and on a guarded one. */
import autocannon from 'autocannon'
import { decodeJwt } from 'jose'
import { createSigner, generateKey } from 'latchkey/token'
import { logInMany, startLatchkey } from '../lib/latchkey-server.mjs'
import { pathOf, startNode } from '../lib/processes.mjs'
import { shuffled } from '../lib/rounds.mjs'
import { forgeries, newSid } from '../lib/tokens.mjs'
import { apps } from '../servers/apps.mjs'

const live = 1_000
const requestsARound = 8_000
const connections = 10

export const title = 'guarded over unguarded'

export async function run({ rounds }) {
  const latchkey = await startLatchkey()
  const started = []
  try {
    const tokens = (await logInMany(latchkey.url, live)).map(({ token }) => token)
    const { keys } = await (await fetch(`${latchkey.url}/.well-known/jwks.json`)).json()
    const { iss: issuer, aud } = decodeJwt(tokens[0])
    const [audience] = [aud].flat()
    const others = issueOthers(issuer, audience)
    for (const [name, { alg = 'EdDSA' }] of Object.entries(apps)) {
      const { jwk, tokens: own } = alg === 'EdDSA' ? { jwk: keys[0], tokens } : others
      const parts = { server: latchkey.url, issuer, audience, jwk }
      const process = startNode([pathOf('servers/guarded.mjs'), name, JSON.stringify(parts)])
      const { port, cookies } = await process.nextLine()
      const credentials = cookies ? cookies.map((cookie) => ({ cookie })) : own.map(bearer)
      const app = { name, url: `http://127.0.0.1:${port}`, process, credentials, open: [], guarded: [] }
      started.push(app)
      await expectGuarded(app)
    }
    for (let round = -1; round < rounds; round++) {
      for (const app of shuffled(started)) {
        for (const route of shuffled(['open', 'guarded'])) {
          const seen = await load(app, route)
          if (round >= 0) app[route].push(seen)
        }
      }
    }
  } finally {
    for (const { process } of started) await process.end()
    await latchkey.end()
  }
  return [cpuTable(started), throughputTable(started)]
}

const ours = ({ name }) => name.endsWith(', latchkey')

function cpuTable(started) {
  return {
    work: `guarded over unguarded route, ${live.toLocaleString('en')} live tokens: CPU`,
    unit: 'us of CPU added to a request',
    results: started.map(({ name, open, guarded }) => ({
      name,
      values: guarded.map(({ cpu }, round) => cpu - open[round].cpu),
    })),
    goals: started.filter(ours).map(({ name }) => ({ name, atMost: 2 })),
    notes: [
      'EdDSA; ES256 for passport-jwt and express-jwt, whose library knows no EdDSA.',
      'Better Auth has 100 sessions of its own, in a SQLite database in memory.',
      `Each route was sent the same headers, by ${connections} connections from another process.`,
    ],
  }
}

function throughputTable(started) {
  const results = started.map(({ name, open, guarded }) => ({
    name,
    values: guarded.map(({ perSecond }, round) => perSecond / open[round].perSecond),
  }))
  return {
    work: `guarded over unguarded route, ${live.toLocaleString('en')} live tokens: throughput`,
    unit: 'requests a second, guarded over unguarded',
    more: true,
    results: [...results, { name: 'no guard', values: results[0].values.map(() => 1) }],
    base: 'no guard',
    goals: started
      .filter(ours)
      .map(({ name }) => ({ name, times: name.startsWith('Hono') ? 0.85 : 0.95, against: 'no guard' })),
  }
}

/** CPU of the server per request in microseconds, and requests a second. */
async function load({ url, process, credentials }, route) {
  const before = (await process.ask()).cpuMicroseconds
  const seen = await autocannon({
    ...{ url, connections, amount: requestsARound },
    requests: credentials.map((headers) => ({ method: 'GET', path: `/${route}`, headers })),
  })
  const after = (await process.ask()).cpuMicroseconds
  if (seen.non2xx + seen.errors > 0) throw new Error(`${url}/${route}: ${seen.non2xx} refused, ${seen.errors} errors`)
  return { cpu: (after - before) / requestsARound, perSecond: (requestsARound / (seen.finish - seen.start)) * 1000 }
}

/** Throws unless it lets every good credential in and nothing else. */
async function expectGuarded({ name, url, credentials }) {
  const statusOf = async (headers) => {
    const answer = await fetch(`${url}/guarded`, { headers })
    await answer.arrayBuffer()
    return answer.status
  }
  for (const headers of credentials.slice(0, 100)) {
    const answer = await fetch(`${url}/guarded`, { headers })
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${name} refuses a good credential: ${text}`)
  }
  const [{ authorization }] = credentials
  const good = authorization?.slice('Bearer '.length)
  const bad = good
    ? [{}, ...Object.values(forgeries(good)).map(bearer)]
    : [{}, { cookie: 'better-auth.session_token=x.y' }]
  for (const headers of bad) {
    if ((await statusOf(headers)) === 200) throw new Error(`${name} accepts ${JSON.stringify(headers)}`)
  }
}

/** Tokens like those of the server, for those who can check no EdDSA. */
function issueOthers(issuer, audience) {
  const key = generateKey('ES256')
  const signer = createSigner({ key, issuer, audience, ttlSeconds: 7200 })
  const issue = (uid) =>
    signer.issue({ uid: String(uid), clientType: 100, scopes: ['user:read'], sid: newSid(), gen: 0 })
  return { jwk: key.toPublicJwk(), tokens: Array.from({ length: live }, (_, uid) => issue(uid)) }
}

const bearer = (token) => ({ authorization: `Bearer ${token}` })
