/**
 * Three servers behind nginx are restarted one after the other under load: no request fails that a client's one retry does not
 * heal. `npm run restarts -w @latchkey/server` makes a hundred restarts on each store; the suite a few.
 */
import { Agent, request } from 'node:http'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { findNginx, startProxy } from '../deployment/nginx.js'
import { ann, ask, postJson, secret, temporaryFolder } from '../server.js'
import { type Serving, serve } from '../start-process.js'
import { createTestDatabase, storeName } from './test-store.js'

const restarts = Number(process.env.RESTARTS ?? 3)
const folder = temporaryFolder()
const nginx = process.platform === 'linux' ? findNginx() : undefined
if (!nginx) console.warn('SKIPPED the restarts: there is no nginx, and it cannot be installed')

interface Count {
  requests: number
  failed: number
  readonly unhealed: string[]
  slowestMs: number
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** As a client does: on connections that are kept, and once more when an answer does not come or is a 5xx. */
function createClient(url: string, count: Count) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { hostname, port } = new URL(url)
  function sendOnce(method: string, path: string, headers: Record<string, string>, body: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, method, path, agent, timeout: 40_000, headers }, async (response) => {
        try {
          let text = ''
          for await (const chunk of response.setEncoding('utf8')) text += chunk
          resolve({ status: response.statusCode as number, text })
        } catch (error) {
          reject(error)
        }
      })
      sent.on('timeout', () => sent.destroy(new Error('no answer')))
      sent.on('error', reject)
      sent.end(body)
    })
  }
  async function attempt(...args: Parameters<typeof sendOnce>): Promise<Answer | string> {
    const began = performance.now()
    const answer = await sendOnce(...args).catch((error: Error) => error.message)
    count.slowestMs = Math.max(count.slowestMs, performance.now() - began)
    return typeof answer === 'object' && answer.status >= 500 ? `${answer.status} ${answer.text}` : answer
  }
  async function send(method: string, path: string, token: string | undefined, form?: unknown): Promise<Answer> {
    const body = form === undefined ? '' : JSON.stringify(form)
    const headers: Record<string, string> = { 'content-length': String(Buffer.byteLength(body)) }
    if (form !== undefined) headers['content-type'] = 'application/json'
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    count.requests++
    let answer = await attempt(method, path, headers, body)
    if (typeof answer === 'string') {
      count.failed++
      const first = answer
      answer = await attempt(method, path, headers, body)
      if (typeof answer === 'string') count.unhealed.push(`${method} ${path}: ${first}, then ${answer}`)
    }
    return typeof answer === 'string' ? { status: 0, text: '' } : answer
  }
  return { send, close: () => agent.destroy() }
}

it.runIf(nginx !== undefined)(
  `${restarts} restarts of three servers under load fail no request for good`,
  {
    timeout: 120_000 + restarts * 30_000,
  },
  async () => {
    const { environment } = await createTestDatabase(folder)
    const shared = { ...environment, LATCHKEY_ISSUER: 'https://id.example', LATCHKEY_TRUSTED_PROXIES: '1' }
    const servers: Serving[] = []
    onTestFinished(async () => {
      for (const server of servers) await server.end('SIGKILL')
    })
    for (let i = 0; i < 3; i++) servers.push(await serve({ folder, environment: shared }))
    const ports = servers.map(({ port }) => port)
    const proxy = await startProxy(nginx as string, ports)
    onTestFinished(() => proxy.stop())
    await postJson(proxy.url, '/v1/client/register', ann)

    const count: Count = { requests: 0, failed: 0, unhealed: [], slowestMs: 0 }
    const wrong: string[] = []
    let isDone = false
    async function live(index: number): Promise<void> {
      const client = createClient(proxy.url, count)
      const form = { account: ann.account, secret, type: 100 }
      const parse = (answer: Answer, step: string, expected: number) => {
        if (answer.status !== expected && answer.status !== 0) wrong.push(`${step}: ${answer.status} ${answer.text}`)
        return answer.status === expected ? JSON.parse(answer.text) : undefined
      }
      let pair = parse(await client.send('POST', '/v1/token', undefined, form), 'login', 201)
      for (let step = 0; !isDone && pair !== undefined; step++) {
        if (step % 8 === 7)
          pair = parse(
            await client.send('POST', '/v1/token/refresh', undefined, { refresh_token: pair.refresh_token }),
            'refresh',
            201,
          )
        else parse(await client.send('GET', '/v1/user', pair.token), 'profile', 200)
        // Logging in is dear: now and then, one after the other.
        if (step % 200 === 60 + index * 10 && pair !== undefined) {
          parse(await client.send('POST', '/v1/token/revoke', undefined, { token: pair.token }), 'revoke', 200)
          pair = parse(await client.send('POST', '/v1/token', undefined, form), 'login', 201)
        }
        await pause(10)
      }
      client.close()
    }
    const clients = Array.from({ length: 8 }, (_, index) => live(index))
    for (let i = 0; i < restarts; i++) {
      const index = i % 3
      const server = servers[index] as Serving
      // Half of them are watched by somebody who asks whether they are ready.
      if (i % 2 === 0) await ask(server.url, 'GET', '/readyz')
      server.child.kill('SIGTERM')
      expect([await server.ended, server.output.error]).toEqual([0, ''])
      const next = await serve({ folder, environment: shared, port: server.port })
      servers[index] = next
      // The proxy finds out a second later.
      await pause(1_300)
    }
    isDone = true
    await Promise.all(clients)
    const { requests, failed, slowestMs } = count
    console.log(
      `${storeName}: ${restarts} restarts, ${requests} requests, ${failed} failed once, ${count.unhealed.length} after one retry; slowest ${slowestMs.toFixed(0)} ms`,
    )
    expect(count.unhealed).toEqual([])
    expect(wrong).toEqual([])
    expect(requests).toBeGreaterThan(restarts * 20)
  },
)
