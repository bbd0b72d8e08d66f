/** Sends the requests of a probe: over few connections, with a limit to their number, and patient when asked to wait. */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'

export interface ProbeRequest {
  /** As it goes out, so that `get` stays `get`. */
  readonly method: string
  /** Path and query as they go out; no part of them is made simpler. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** At most its first 64 KiB. */
  readonly body: string
}

export interface Sender {
  /** How many requests were sent so far. */
  readonly count: number
  /**
   * Follows redirects within the origin. Waits where the answer is 429, and then asks again.
   * @throws NoAnswer, or LimitReached
   */
  send(request: ProbeRequest): Promise<Answer>
  /** One GET of any address, with no credential and no redirect. */
  read(url: URL): Promise<Answer>
  close(): void
}

/** The connection ended, or it took too long. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

/** As many requests were sent as were allowed. */
export class LimitReached extends Error {
  override readonly name = 'LimitReached'
}

/** Until an answer begins. */
const timeoutMs = 10_000
/** From there on, as streams of events go on for ever. */
const maxBodyMs = 3_000
const maxBodyBytes = 64 * 1024
const maxRedirects = 5
const maxWaits = 3
/** However long an API asks to wait. */
const maxWaitMs = 60_000
const defaultWaitMs = 5_000

export function createSender(origin: string, maxRequests: number, connections: number): Sender {
  const options = { keepAlive: true, maxSockets: connections }
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) }
  let count = 0
  // All wait while one was asked to.
  let quietUntilMs = 0

  async function once(url: URL, request: ProbeRequest): Promise<Answer> {
    if (count >= maxRequests) throw new LimitReached(`the limit of ${maxRequests} requests was reached`)
    count += 1
    try {
      return await exchange(url, request, agents[url.protocol as keyof typeof agents])
    } catch (error) {
      // The server may close a connection at the moment in which it is used again: RFC 9112 section 9.3.1.
      if (!(error instanceof StaleConnection)) throw error
      count += 1
      return exchange(url, request, false)
    }
  }

  async function patiently(url: URL, request: ProbeRequest): Promise<Answer> {
    for (let waits = 0; ; waits++) {
      const quietMs = quietUntilMs - performance.now()
      if (quietMs > 0) await pause(quietMs)
      const answer = await once(url, request)
      if (answer.status !== 429 || waits === maxWaits) return answer
      quietUntilMs = Math.max(quietUntilMs, performance.now() + waitMs(answer.headers['retry-after']))
    }
  }

  async function send(first: ProbeRequest): Promise<Answer> {
    let request = first
    for (let redirects = 0; ; redirects++) {
      const answer = await patiently(new URL(origin), request)
      const next = redirects < maxRedirects ? redirected(origin, request, answer) : undefined
      if (next === undefined) return answer
      request = next
    }
  }

  return {
    get count() {
      return count
    },
    send,
    read: (url) => patiently(url, { method: 'GET', target: url.pathname + url.search, headers: {} }),
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

/** What follows a redirect that stays within the origin (RFC 9110 section 15.4). */
function redirected(origin: string, request: ProbeRequest, { status, headers }: Answer): ProbeRequest | undefined {
  const { location } = headers
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  const base = new URL(request.target.replace(/^\/+/, '/'), origin)
  if (!URL.canParse(location, base.href)) return undefined
  const url = new URL(location, base)
  if (url.origin !== origin) return undefined
  const target = url.pathname + url.search
  const becomesGet = status === 303 || (status < 303 && request.method === 'POST')
  return becomesGet ? { method: 'GET', target, headers: withoutType(request.headers) } : { ...request, target }
}

function withoutType(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'content-type'))
}

/** Seconds, or a date (RFC 9110 section 10.2.3). */
function waitMs(retryAfter: string | undefined): number {
  const seconds = Number(retryAfter ?? Number.NaN)
  const wishMs = Number.isNaN(seconds) ? Date.parse(retryAfter ?? '') - Date.now() : seconds * 1000
  return Number.isNaN(wishMs) ? defaultWaitMs : Math.min(Math.max(wishMs, 0), maxWaitMs)
}

class StaleConnection extends Error {}

function exchange(url: URL, request: ProbeRequest, agent: HttpAgent | false): Promise<Answer> {
  const { method, target, headers, body } = request
  const ask = url.protocol === 'https:' ? httpsRequest : httpRequest
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const { hostname, port, protocol } = url
  // Without the brackets of an IPv6 address.
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const sent = ask({ protocol, host, port, path: target, method, headers: { ...headers, ...length }, agent })
    // Node would write it in capitals.
    sent.method = method
    const timer = setTimeout(() => sent.destroy(new NoAnswer(`no answer within ${timeoutMs} ms`)), timeoutMs)
    const fail = (error: Error & { code?: string }) => {
      clearTimeout(timer)
      const isStale = sent.reusedSocket && error.code === 'ECONNRESET'
      if (error instanceof NoAnswer) reject(error)
      else reject(isStale ? new StaleConnection() : new NoAnswer(`no answer: ${error.code ?? 'connection ended'}`))
    }
    sent.on('error', fail)
    sent.on('response', (response) => {
      clearTimeout(timer)
      const { statusCode = 0, headers: answered } = response
      readBody(response).then((text) => resolve({ status: statusCode, headers: answered, body: text }), reject)
    })
    sent.end(body)
  })
}

/** As much as comes: an answer that breaks off, or never ends, has told its status. */
async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  const timer = setTimeout(() => response.destroy(), maxBodyMs)
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      length += chunk.length
      if (length > maxBodyBytes) break
    }
  } catch {
    // What came is what there is.
  } finally {
    clearTimeout(timer)
  }
  return Buffer.concat(chunks).subarray(0, maxBodyBytes).toString()
}
