/**
 * Three server processes on one database, and two services that follow them, one through a cache: what is promised of
 * refreshes and revocations, measured. `npm run processes -w @latchkey/server` runs 200 rounds and 1,000 revocations on each
 * store; the suite a few.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createAuth } from 'latchkey'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ann, ask, closeServer, listen, postJson, secret } from '../server.js'
import { serve } from '../start-process.js'
import { createTestDatabase, storeName } from './test-store.js'

const scale = Number(process.env.PROCESSES_SCALE ?? 0.02)
const rounds = Math.ceil(200 * scale)
const revokes = Math.ceil(1000 * scale)
const folder = mkdtempSync(join(tmpdir(), 'latchkey-processes-'))
const issuer = 'https://id.example'
const urls: string[] = []
const closing: (() => Promise<unknown>)[] = []
const services: ReturnType<typeof createAuth>[] = []

beforeAll(async () => {
  const { environment } = await createTestDatabase(folder)
  for (let i = 0; i < 3; i++) {
    const server = await serve({ folder, environment: { ...environment, LATCHKEY_ISSUER: issuer } })
    closing.push(() => server.end())
    urls.push(server.url)
  }
  const cache = await startCache(urls[2] as string)
  for (const server of [urls[1] as string, cache]) {
    const auth = createAuth({ server, issuer })
    closing.push(() => auth.close())
    await auth.ready()
    services.push(auth)
  }
  await postJson(urls[0] as string, '/v1/client/register', ann)
})
afterAll(async () => {
  for (const close of closing.reverse()) await close()
  rmSync(folder, { recursive: true, force: true })
})

/** A shared cache (RFC 9111): it keeps what says `public`, and tells its age. */
async function startCache(target: string): Promise<string> {
  const kept = new Map<string, { text: string; type: string; atMs: number }>()
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url as string
    const known = kept.get(path)
    if (known) {
      const age = String(Math.floor((Date.now() - known.atMs) / 1000))
      return void outgoing.writeHead(200, { 'content-type': known.type, age }).end(known.text)
    }
    const { hostname, port } = new URL(target)
    const sent = request({ hostname, port, path }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      const type = String(response.headers['content-type'])
      if (response.statusCode === 200 && /public/.test(String(response.headers['cache-control']))) {
        kept.set(path, { text, type, atMs: Date.now() })
      }
      outgoing.writeHead(response.statusCode as number, { 'content-type': type }).end(text)
    })
    sent.on('error', () => incoming.socket.destroy())
    sent.end()
  })
  const port = await listen(server)
  closing.push(() => closeServer(server))
  return `http://127.0.0.1:${port}`
}

const logIn = async (account = ann.account) =>
  (await postJson(urls[0] as string, '/v1/token', { account, secret, type: 100 })).json
const need = { scopes: [], anyOf: [], optional: false, basic: true, maxAgeSeconds: Number.POSITIVE_INFINITY }
const absent = { host: undefined, origin: undefined, fetchSite: undefined, fetchMode: undefined, preflight: false }
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Whether each guard refuses the token: the three servers, then the two services. */
const refusals = (token: string): (() => Promise<boolean>)[] => [
  ...urls.map((url) => async () => (await ask(url, 'GET', '/v1/user/sessions', { token })).status === 401),
  ...services.map((auth) => async () => {
    const { status } = auth.decide({ method: 'GET', url: '/', authorization: [`Bearer ${token}`], ...absent }, need)
    return status === 401
  }),
]

it(`fifty equal refreshes at once on three processes, ${rounds} rounds: one generation, one answer`, {
  timeout: 600_000,
}, async () => {
  for (let round = 0; round < rounds; round++) {
    const { refresh_token } = await logIn()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => postJson(urls[i % 3] as string, '/v1/token/refresh', { refresh_token })),
    )
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
    const { json, status } = answers[0] as (typeof answers)[0]
    expect(status).toBe(201)
    const next = await postJson(urls[round % 3] as string, '/v1/token/refresh', { refresh_token: json.refresh_token })
    expect(next.status).toBe(201)
  }
  console.log(`${storeName}: ${rounds} rounds of 50 equal refreshes on 3 processes, each one generation and one answer`)
})

it(`${revokes} revocations are refused by three processes and two services within a second each`, {
  timeout: 900_000,
}, async () => {
  const delays: number[] = []
  async function revokeOne(i: number): Promise<void> {
    const { token } = await logIn()
    const guards = refusals(token)
    for (const refuses of guards) expect(await refuses()).toBe(false)
    const { status } = await postJson(urls[i % 3] as string, '/v1/token/revoke', { token })
    const acknowledged = performance.now()
    expect(status).toBe(200)
    await Promise.all(
      guards.map(async (refuses) => {
        while (!(await refuses())) {
          if (performance.now() - acknowledged > 5000) throw new Error('still accepted after 5 s')
          await pause(5)
        }
        delays.push(performance.now() - acknowledged)
      }),
    )
  }
  let next = 0
  const worker = async () => {
    for (let i = next++; i < revokes; i = next++) await revokeOne(i)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  delays.sort((a, b) => a - b)
  const at = (share: number) =>
    (delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] as number).toFixed(0)
  const text = `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, maximum ${at(1)} ms`
  console.log(`${storeName}: ${revokes} revocations on 5 guards, from acknowledgement to refusal: ${text}`)
  expect(delays).toHaveLength(revokes * 5)
  expect(delays.at(-1)).toBeLessThan(1000)
})
