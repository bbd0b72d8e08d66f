/** What a guard adds to a request: the same application asked on an open route and on a guarded one. */
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { createSigner, generateKey } from 'latchkey/token'
import { logInMany, startLatchkey } from '../lib/latchkey-server.mjs'
import { openLoad, requestText } from '../lib/load.mjs'
import { pathOf, startNode } from '../lib/processes.mjs'
import { median, shuffled } from '../lib/rounds.mjs'
import { forgeries, newSid } from '../lib/tokens.mjs'
import { apps } from '../servers/apps.mjs'

const live = 1_000
const connections = 10
/** Of one route, before it is the other's turn. */
const sliceMs = 40
const pairsARound = 16
const warmUpSlices = 40

export const title = 'guarded over unguarded'

export async function run({ rounds }) {
  const latchkey = await startLatchkey()
  const started = []
  try {
    const tokens = (await logInMany(latchkey.url, live)).map(({ token }) => token)
    const { keys } = await (await fetch(`${latchkey.url}/.well-known/jwks.json`)).json()
    const { iss: issuer, aud } = decodeJwt(tokens[0])
    const { kid } = decodeProtectedHeader(tokens[0])
    const key = keys.find((one) => one.kid === kid)
    const [audience] = [aud].flat()
    const others = issueOthers(issuer, audience)
    for (const [name, { alg = 'EdDSA', lax = false }] of Object.entries(apps)) {
      const { jwk, tokens: own } = alg === 'EdDSA' ? { jwk: key, tokens } : others
      const parts = { server: latchkey.url, issuer, audience, jwk }
      const process = startNode([pathOf('servers/guarded.mjs'), name, JSON.stringify(parts)])
      const { port, cookies } = await process.nextLine()
      const credentials = cookies ? cookies.map((cookie) => ({ cookie })) : own.map(bearer)
      const url = `http://127.0.0.1:${port}`
      const app = { name, url, process, credentials, rounds: [] }
      started.push(app)
      if (!lax) await expectGuarded(app)
      await warmUp(app)
    }
    for (let round = 0; round < rounds; round++) for (const app of shuffled(started)) await measureRound(app)
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
    results: started.map(({ name, rounds }) => ({ name, values: rounds.map(({ addedCpu }) => addedCpu) })),
    goals: started.filter(ours).map(({ name }) => ({ name, atMost: 2 })),
    notes: [
      'EdDSA; ES256 for passport-jwt and express-jwt, whose library knows no EdDSA.',
      'Better Auth has 20 sessions of its own, in a SQLite database in memory.',
      `Each route was sent the same headers, by ${connections} connections from another process; a round is the median of ${pairsARound} pairs of slices of some ${sliceMs} ms.`,
    ],
  }
}

function throughputTable(started) {
  const results = started.map(({ name, rounds }) => ({ name, values: rounds.map(({ throughput }) => throughput) }))
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

/**
 * The routes in turns, so that whatever else the machine does meets both of them. A round is the median of its pairs of slices:
 * what hit one slice alone does not count.
 */
async function measureRound(app) {
  const pairs = []
  // Connections of its own: a server closes those that are idle while it is the turn of others.
  const load = await openLoad(app.url, connections)
  for (let pair = 0; pair < pairsARound; pair++) {
    const slices = {}
    for (const route of shuffled(['open', 'guarded'])) slices[route] = await send(app, load, route)
    pairs.push(slices)
  }
  load.close()
  app.rounds.push({
    addedCpu: median(pairs.map(({ open, guarded }) => (guarded.cpu - open.cpu) / app.perSlice)),
    // As many requests in each.
    throughput: median(pairs.map(({ open, guarded }) => open.ms / guarded.ms)),
  })
}

async function warmUp(app) {
  app.perSlice = 200
  const load = await openLoad(app.url, connections)
  for (let slice = 0; slice < warmUpSlices; slice++) {
    await send(app, load, 'open')
    const { ms } = await send(app, load, 'guarded')
    app.perSlice = Math.max(50, Math.round((app.perSlice * sliceMs) / ms))
  }
  load.close()
}

/** A slice of `perSlice` requests: the microseconds of CPU that the server took, the milliseconds that passed. */
async function send(app, load, route) {
  const { credentials, perSlice, process } = app
  app.next ??= 0
  const requests = Array.from({ length: perSlice }, () =>
    requestText(`/${route}`, credentials[app.next++ % credentials.length]),
  )
  const before = (await process.ask()).cpuMicroseconds
  const began = performance.now()
  await load.send(requests)
  const ms = performance.now() - began
  return { cpu: (await process.ask()).cpuMicroseconds - before, ms }
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
