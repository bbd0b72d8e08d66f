/** Logins over HTTP, two hashes at a time, against the hashes alone that they cannot do without. */
import { hash, verify } from '@node-rs/argon2'
import { postJson, startLatchkey } from '../lib/latchkey-server.mjs'

/** The server hashes two at a time, however many wait. */
const [hashesAtOnce, loginsAtOnce] = [2, 8]
const roundMs = 2_000
const user = { account: 'ann@example.org', secret: 'correct horse battery', type: 100 }
/** OWASP's recommendation, which is the default of the server. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export const title = 'logins'

export async function run({ rounds }) {
  const server = await startLatchkey()
  const bare = { name: 'argon2id alone', values: [] }
  const ours = { name: 'latchkey, POST /v1/token', values: [] }
  try {
    await postJson(`${server.url}/v1/client/register`, { ...user, nickname: 'ann' })
    const stored = await hash(user.secret, cost)
    const works = [
      [bare, hashesAtOnce, () => verify(stored, user.secret)],
      [ours, loginsAtOnce, () => postJson(`${server.url}/v1/token`, user)],
    ]
    for (let round = -1; round < rounds; round++) {
      for (const [{ values }, atOnce, work] of works) {
        const seen = await perSecond(atOnce, work)
        if (round >= 0) values.push(seen)
      }
    }
  } finally {
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

async function perSecond(atOnce, work) {
  const began = performance.now()
  let done = 0
  const some = async () => {
    while (performance.now() - began < roundMs) {
      await work()
      done++
    }
  }
  await Promise.all(Array.from({ length: atOnce }, some))
  return (done / (performance.now() - began)) * 1000
}
