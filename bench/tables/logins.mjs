/** Logins over HTTP, two hashes at a time, against the hashes alone that they cannot do without. */
import { hash, verify } from '@node-rs/argon2'
import { registerUsers, startLatchkey } from '../lib/latchkey-server.mjs'
import { expectStatus, openLoad, postText } from '../lib/load.mjs'

/** The server hashes two at a time, however many wait. */
const [hashesAtOnce, loginsAtOnce] = [2, 8]
const roundMs = 2_000
/** At seventy a second the code of the server is not warm sooner. */
const warmUpMs = 20_000
/** So many that nobody comes to the hundred sessions a user may have, where the oldest end. */
const users = 100
/** OWASP's recommendation, which is the default of the server. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const title = 'logins'

export async function run({ rounds }) {
  const server = await startLatchkey({ environment: { LATCHKEY_TRUSTED_PROXIES: '1' } })
  const bare = { name: 'argon2id alone', values: [] }
  const ours = { name: 'latchkey, POST /v1/token', values: [] }
  let load
  try {
    load = await openLoad(server.url, loginsAtOnce)
    const credentials = await registerUsers(server.url, users)
    await expectRefused(load, credentials[0])
    const requests = credentials.map((user) => postText('/v1/token', user))
    let next = 0
    const logIn = (ask) => expectStatus(ask(requests[next++ % users]), 201)
    const { secret } = credentials[0]
    const stored = await hash(secret, cost)
    await load.work(logIn, warmUpMs)
    for (let round = 0; round < rounds; round++) {
      bare.values.push(await hashesASecond(() => verify(stored, secret)))
      ours.values.push(await load.work(logIn, roundMs))
    }
  } finally {
    load?.close()
    await server.end()
  }
  return [
    {
      ...{ work: `logins, ${hashesAtOnce} hashes at a time`, unit: 'a second', more: true, base: bare.name },
      results: [bare, ours],
      goals: [{ name: ours.name, times: 0.95, against: bare.name }],
    },
  ]
}

function expectRefused(load, user) {
  const wrong = { ...user, secret: `${user.secret}!` }
  return load.work((ask) => expectStatus(ask(postText('/v1/token', wrong)), 401), 1)
}

async function hashesASecond(work) {
  const began = performance.now()
  let done = 0
  const some = async () => {
    while (performance.now() - began < roundMs) {
      if (!(await work())) throw new Error('wrong')
      done++
    }
  }
  await Promise.all(Array.from({ length: hashesAtOnce }, some))
  return (done / (performance.now() - began)) * 1000
}
