/** Whether tokens that nobody has verified yet hold up those who need none: a signature is checked on the thread of all requests. */
import { expectStatus, openConnections, requestText } from '../lib/load.mjs'
import { pathOf, startNode } from '../lib/processes.mjs'
import { shuffled } from '../lib/rounds.mjs'
import { askSteadily, startSteady } from '../lib/steady.mjs'
import { audience, badTokens, createIssuer, issuer } from '../lib/tokens.mjs'

const tokensASecond = 500
const openASecond = 200
const roundMs = 2_500
const warmUpMs = 2_000
const rounds = 5
const connections = 32

export const title = 'an open route during a flood of new tokens'

export async function run() {
  const started = []
  const contestants = []
  try {
    for (const alg of ['EdDSA', 'ES256']) {
      const app = await startApp(alg)
      started.push(app)
      await expectGuarded(app, alg)
      for (const route of ['guarded', 'open']) {
        const name = `${tokensASecond} new tokens of ${alg} a second to the ${route} route`
        contestants.push({ name, app, route, p99: [], late: [] })
      }
    }
    contestants.unshift({ name: 'no flood', app: started[0], p99: [], late: [] })
    for (const one of contestants) await measure(one, warmUpMs)
    for (let round = 0; round < rounds; round++) {
      for (const one of shuffled(contestants)) {
        const { p99Ms, lateP99Ms } = await measure(one, roundMs)
        one.p99.push(p99Ms)
        one.late.push(lateP99Ms)
      }
    }
  } finally {
    for (const { end } of started) await end()
  }
  const notes = [
    `${openASecond} requests a second to the open route of the same process, node:http, from another process.`,
    'No goal: they tell whether checking signatures on other threads would pay.',
  ]
  return [
    {
      ...{ work: title, unit: 'ms, p99 of the open route', base: 'no flood', notes },
      results: contestants.map(({ name, p99 }) => ({ name, values: p99 })),
    },
    {
      ...{ work: `${title}: event loop`, unit: 'ms that it is late, p99' },
      results: contestants.map(({ name, late }) => ({ name, values: late })),
    },
  ]
}

/** What it answers to `end` ends all that belongs to it. */
async function startApp(alg) {
  const own = createIssuer(alg)
  const parts = { issuer, audience, jwk: own.key.toPublicJwk(), watchLoop: true }
  const process = startNode([pathOf('servers/guarded.mjs'), 'node:http, latchkey', JSON.stringify(parts)])
  const { port } = await process.nextLine()
  const url = `http://127.0.0.1:${port}`
  const prober = await startSteady(url, '/open', openASecond, [{}])
  async function end() {
    await prober.end()
    await process.end()
  }
  return { own, url, process, prober, end }
}

async function measure({ app, route }, ms) {
  const { own, url, process, prober } = app
  // Of its own each time: a server closes those that are idle while it is the turn of others.
  const opened = await openConnections(url, connections)
  const texts = route
    ? own.issueMany((tokensASecond * ms) / 1000).map((token) => requestText(`/${route}`, bearer(token)))
    : []
  await process.ask()
  const flood = route ? askSteadily(opened, tokensASecond, ms, () => texts.pop()) : []
  const [{ p99Ms }] = await Promise.all([prober.ask(ms), flood])
  const { lateP99Ms } = await process.ask()
  for (const { close } of opened) close()
  return { p99Ms, lateP99Ms }
}

async function expectGuarded({ own, url }, alg) {
  const [{ ask, close }] = await openConnections(url, 1)
  const statusOf = (headers) => ask(requestText('/guarded', headers))
  for (const token of own.issueMany(50)) await expectStatus(statusOf(bearer(token)), 200)
  await expectStatus(statusOf({}), 401)
  for (const token of Object.values(badTokens(own, alg))) await expectStatus(statusOf(bearer(token)), 401)
  close()
}

const bearer = (token) => ({ authorization: `Bearer ${token}` })
