/** What those who are logged in notice while five hundred others log in at once. */
import { logInMany, registerUsers, startLatchkey } from '../lib/latchkey-server.mjs'
import { expectStatus, openConnections, postText, requestText } from '../lib/load.mjs'
import { pathOf, startNode } from '../lib/processes.mjs'
import { startSteady } from '../lib/steady.mjs'

const parallel = 500
const users = 50
const perSecond = 150
const roundMs = 3_000
const settleMs = 1_000
const warmUpMs = 4_000
const rounds = 5

export const title = 'guarded route during a storm of logins'

export async function run() {
  const server = await startLatchkey({ environment: { LATCHKEY_TRUSTED_PROXIES: '1' } })
  const counts = { 201: 0, 503: 0 }
  const routes = []
  let connections = []
  let service
  try {
    const tokens = (await logInMany(server.url, users)).map(({ token }) => token)
    const texts = textsOf(await registerUsers(server.url, users, 'storm'))
    const headers = tokens.map((token) => ({ authorization: `Bearer ${token}` }))
    service = await startService(server.url)
    await expectRight(server.url, '/v1/user', headers)
    await expectRight(service.url, '/guarded', headers)
    // The second asks no database.
    for (const [what, url, path, sent] of [
      ['GET /v1/user', server.url, '/v1/user', headers],
      ['GET /healthz', server.url, '/healthz', [{}]],
      ['guarded route of a service', service.url, '/guarded', headers],
    ]) {
      const prober = await startSteady(url, path, perSecond, sent)
      const named = (when) => ({ name: `${what}, ${when}`, values: [] })
      routes.push({ prober, idle: named('idle'), during: named(`during ${parallel} parallel logins`) })
    }
    const ask = (ms) => Promise.all(routes.map(({ prober }) => prober.ask(ms)))
    connections = await openConnections(server.url, parallel)
    await ask(warmUpMs)
    // The first warms up the code of a login.
    for (let round = -1; round < rounds; round++) {
      const quiet = await ask(roundMs)
      const storm = startStorm(connections, texts, counts)
      await new Promise((resolve) => setTimeout(resolve, settleMs))
      const stormy = await ask(roundMs)
      await storm.end()
      if (round < 0) continue
      for (const [index, { idle, during }] of routes.entries()) {
        idle.values.push(quiet[index].p99Ms)
        during.values.push(stormy[index].p99Ms)
      }
    }
  } finally {
    for (const { close } of connections) close()
    for (const { prober } of routes) await prober.end()
    await service?.end()
    await server.end()
  }
  const [user, , ofService] = routes
  return [
    {
      ...{ work: title, unit: 'ms, p99', results: routes.flatMap(({ idle, during }) => [idle, during]) },
      goals: [user, ofService].map(({ during, idle }) => ({ name: during.name, atMost: 2, against: idle.name })),
      notes: [
        `Each was asked ${perSecond} times a second, by a process of its own.`,
        `Of the logins ${counts[201]} were answered with tokens, and ${counts[503]} by 503 and came again one to two times Retry-After later.`,
      ],
    },
  ]
}

/** A process of its own that checks the server's tokens, as most that is guarded. */
async function startService(server) {
  const { keys } = await (await fetch(`${server}/.well-known/jwks.json`)).json()
  const [jwk] = keys
  const started = startNode([
    pathOf('servers/guarded.mjs'),
    'node:http, latchkey',
    JSON.stringify({ server, audience: server, jwk }),
  ])
  const { port } = await started.nextLine()
  return { ...started, url: `http://127.0.0.1:${port}` }
}

/** A login for each connection, from a place on the network of its own, since one may not try so many secrets at once. */
function textsOf(users) {
  return Array.from({ length: parallel }, (_, index) =>
    postText('/v1/token', users[index % users.length], { 'X-Forwarded-For': `10.${index >> 8}.${index & 255}.1` }),
  )
}

/** Keeps all of them going until `end()`. */
function startStorm(connections, texts, counts) {
  let over
  const ending = new Promise((resolve) => {
    over = resolve
  })
  let running = true
  const some = connections.map(async ({ ask }, index) => {
    while (running) {
      const { status, head, body } = await ask(texts[index])
      if (counts[status] === undefined) throw new Error(`${head}\n${body}`)
      counts[status]++
      if (status === 503) await Promise.race([ending, sleepAsTold(head)])
    }
  })
  const all = Promise.all(some)
  all.catch(() => {})
  return {
    async end() {
      running = false
      over()
      await all
    },
  }
}

/** As polite clients do: no sooner than they were told, and not all at the same moment. */
function sleepAsTold(head) {
  const seconds = Number(/\r\nretry-after: *(\d+)/i.exec(head)[1])
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000 * (1 + Math.random())).unref())
}

async function expectRight(url, path, headers) {
  const [{ ask, close }] = await openConnections(url, 1)
  for (const one of headers) await expectStatus(ask(requestText(path, one)), 200)
  const bad = [
    {},
    { authorization: 'Bearer garbage' },
    { authorization: `${headers[0].authorization.slice(0, -4)}AAAA` },
  ]
  for (const one of bad) await expectStatus(ask(requestText(path, one)), 401)
  close()
}
