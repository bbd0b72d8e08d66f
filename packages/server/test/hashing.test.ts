/** What hashing passwords takes: two at once at most, whoever has gone away meanwhile, and nothing for one that is too long. */
import { readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../query/test/postgres.js'
import { startsIn } from './running/starts-in.js'
import { type Answer, ann, ask, postJson, secret, temporaryFolder } from './server.js'
import { openSocket } from './socket.js'
import { usageOf } from './store/growth/timed-process.js'
import { until } from './until.js'

const starts = startsIn(temporaryFolder())
const login = (account: string, chosen = secret) => ({ account, secret: chosen, type: 100 })

/** A server with Ann that has hashed before, and without limits but for the given ones. */
async function serve(given: object = {}) {
  const folder = starts.newFolder()
  const metricsPort = await freePort()
  const limits = { perAccountAndPrefix: 0, perPrefix: 0, perAccount: 0, ...given }
  writeFileSync(join(folder, 'latchkey.config.json'), JSON.stringify({ limits, metricsPort }))
  const server = await starts.serve({ folder })
  async function load() {
    const { text } = await ask(`http://127.0.0.1:${metricsPort}`, 'GET', '/metrics')
    const read = (name: string) => Number(new RegExp(`^latchkey_hashing_${name} (\\d+)$`, 'm').exec(text)?.[1])
    return { running: read('running'), waiting: read('waiting') }
  }
  expect((await postJson(server.url, '/v1/client/register', ann)).status).toBe(201)
  // Of each thread that hashes the first one is the dearest.
  await Promise.all(Array.from({ length: 4 }, (_, i) => postJson(server.url, '/v1/token', login(`${i}@example.org`))))
  await until(async () => (await load()).running === 0)
  return { ...server, pid: server.child.pid as number, load }
}

// What a process takes is told by Linux.
describe.runIf(process.platform === 'linux')('hashing', { timeout: 60_000 }, () => {
  it('has two at once, in the memory of two, and keeps the turn of logins that nobody waits for any more', async () => {
    const { url, port, pid, load, pause, resume } = await serve()
    const threadsOf = () => readdirSync(`/proc/${pid}/task`).length
    const before = { megabytes: usageOf(pid).greatestMegabytes, threads: threadsOf() }
    const logins = 30
    const sockets = await Promise.all(Array.from({ length: logins }, () => openSocket(port)))
    // They arrive together, however slowly the server reads.
    pause()
    for (const [i, socket] of sockets.entries()) {
      const body = JSON.stringify(login(`${i}@example.org`))
      const head = 'POST /v1/token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json'
      socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
    }
    resume()
    await until(async () => (await load()).waiting >= logins / 3)
    for (const socket of sockets) socket.destroy()

    const seen: { running: number; waiting: number; threads: number }[] = []
    do seen.push({ ...(await load()), threads: threadsOf() })
    while (seen.at(-1)?.running !== 0)
    expect(seen.length).toBeGreaterThan(3)
    expect(seen.at(-1)?.waiting).toBe(0)
    // Some may still have been on their way to the queue when their sockets were closed.
    const fullest = seen.findIndex(({ waiting }) => waiting === Math.max(...seen.map((one) => one.waiting)))
    for (const [i, { running, waiting, threads }] of seen.entries()) {
      expect([running, threads]).toEqual([Math.min(running, 2), Math.min(threads, before.threads)])
      // None is given up, and none begins before its turn.
      if (waiting > 0) expect(running).toBe(2)
      if (i > fullest) expect(waiting).toBeLessThanOrEqual(seen[i - 1]?.waiting as number)
    }
    // All at once they would take thirty times 19 MiB.
    expect(usageOf(pid).greatestMegabytes - before.megabytes).toBeLessThan(2 * 19 + 60)
    expect((await postJson(url, '/v1/token', login(ann.account))).status).toBe(201)
  })

  it.runIf(availableParallelism() <= 2)('leaves one of two cores to guarded requests while they come', async () => {
    const { url, load } = await serve()
    const { token } = (await postJson(url, '/v1/token', login(ann.account))).json
    let isOver = false
    const guarded = async () => {
      let answered = 0
      for (; !isOver; answered++) expect((await ask(url, 'GET', '/v1/user', { token })).status).toBe(200)
      return answered
    }
    const some = guarded()
    // It is looked at four times a second.
    await new Promise((resolve) => setTimeout(resolve, 600))
    const logins = Array.from({ length: 12 }, (_, i) => postJson(url, '/v1/token', login(`${i}@example.org`)))
    const seen: { running: number; waiting: number }[] = []
    await until(async () => (await load()).waiting > 0)
    do seen.push(await load())
    while (seen.at(-1)?.running !== 0)
    expect((await Promise.all(logins)).map(({ status }) => status)).toEqual(Array(12).fill(401))
    isOver = true
    expect(await some).toBeGreaterThan(12)
    expect(Math.max(...seen.map(({ running }) => running))).toBe(1)
  })

  it('refuses whom it has no room for before anything is read: 503 also for who tries too often', async () => {
    const { url } = await serve({ perAccountAndPrefix: 1 })
    const statusOf = async (account: string) => (await postJson(url, '/v1/token', login(account))).status
    expect([await statusOf('eve@example.org'), await statusOf('eve@example.org')]).toEqual([401, 429])
    let isOver = false
    const all = new Set<number>()
    const crowd = Array.from({ length: 150 }, async (_, number) => {
      for (let i = 0; !isOver; i++) all.add(await statusOf(`${number}.${i}@example.org`))
    })
    await until(async () => (await statusOf('eve@example.org')) === 503).finally(() => {
      isOver = true
    })
    await Promise.all(crowd)
    expect([...all].sort()).toEqual([401, 503])
    expect(await statusOf('eve@example.org')).toBe(429)
  })

  it('is for no secret of 60 KiB, wherever one is taken', async () => {
    const { url, pid } = await serve()
    /** In processor time, whatever else the machine does. */
    async function costOf(send: () => Promise<Answer>) {
      const before = usageOf(pid).cpuSeconds
      const answers: Answer[] = []
      while (answers.length < 10) answers.push(await send())
      return { answers, seconds: usageOf(pid).cpuSeconds - before }
    }
    const { token } = (await postJson(url, '/v1/token', login(ann.account))).json
    const headers = { 'content-type': 'application/json' }
    const change = (body: object) => ask(url, 'PUT', '/v1/user/secret', { token, headers, body: JSON.stringify(body) })
    const places: [field: string, send: (long: string) => Promise<Answer>][] = [
      ['secret', (long) => postJson(url, '/v1/token', login(ann.account, long))],
      ['secret', (long) => postJson(url, '/v1/token', login('nobody@example.org', long))],
      ['secret', (long) => postJson(url, '/v1/client/register', { ...ann, account: 'new@example.org', secret: long })],
      ['old_secret', (long) => change({ old_secret: long, new_secret: 'another long passphrase' })],
      ['new_secret', (long) => change({ old_secret: secret, new_secret: long })],
    ]
    // Of one byte a character, and of four.
    const secrets = ['x'.repeat(60 * 1024), '\u{1f511}'.repeat(15 * 1024)]
    for (const [, send] of places) await send(secrets[0] as string)
    const hashed = await costOf(() => postJson(url, '/v1/token', login('nobody@example.org')))
    expect(hashed.answers.map(({ status }) => status)).toEqual(Array(10).fill(401))
    for (const long of secrets) {
      for (const [i, [field, send]] of places.entries()) {
        const { answers, seconds } = await costOf(() => send(long))
        for (const { status, json } of answers) {
          expect([i, status, json.code, Object.keys(json.msg)]).toEqual([i, 400, 'parameter_invalid', [field]])
        }
        expect(seconds, `place ${i}, and ${hashed.seconds} s where it is hashed`).toBeLessThan(hashed.seconds / 2)
      }
    }
  })
})
