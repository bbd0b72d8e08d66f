/** The `node:http` server of `latchkey serve`: bounded in size and time, and polite when it refuses. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { LatchkeyError } from 'latchkey'
import { problem } from 'latchkey/http'
import { securityHeaders } from './security-headers.js'

export interface HttpServerOptions {
  /** How long the headers of a request may take; default 10,000. */
  readonly headersTimeoutMs?: number
  /** How long a whole request may take to arrive; default 30,000. */
  readonly requestTimeoutMs?: number
  /** How long an idle connection is kept; default 65,000, longer than load balancers keep theirs. */
  readonly keepAliveTimeoutMs?: number
  /** Of the API behind it: whether browsers are to come by https alone. Default: nothing is said of that. */
  readonly issuer?: string
}

export interface HttpServer {
  readonly server: Server
  /**
   * Takes no new connection, lets running requests end, for `graceMs` at most, and closes every connection. Answers say that
   * theirs is the last on its connection, so that proxies send nothing more there.
   */
  stop(graceMs: number): Promise<void>
  /** From now on every answer says that it is the last on its connection; new ones are still taken. */
  drain(): void
}

const maxHeaderBytes = 16 * 1024
const lingerMs = 1000
const handOverMs = 250

/**
 * Makes a server that does not listen yet. What Node refuses by itself, before there is a request, is a problem document
 * too: malformed (400), too slow (408), unknown expectations (417), headers over 16 KiB (431).
 */
export function createHttpServer(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: HttpServerOptions = {},
): HttpServer {
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 30_000, keepAliveTimeoutMs = 65_000, issuer = '' } = options
  const fixed = securityHeaders(issuer)
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, headersTimeoutMs, requestTimeoutMs),
      // A request without Host gets the same answer as one with a wrong Host.
      requireHostHeader: false,
    },
    (request, response) => {
      open.add(response)
      response.once('close', () => {
        open.delete(response)
        if (open.size === 0 && closing) server.closeAllConnections()
      })
      // A proxy may still send on a connection that it keeps: it shall not take it for a good one.
      if (draining) response.shouldKeepAlive = false
      if (hasTwoHosts(request.rawHeaders)) answer(response, refusal(400, 'The Host header must be sent once'), fixed)
      else listener(request, response)
    },
  )
  const open = new Set<ServerResponse>()
  let draining = false
  let closing = false
  server.on('clientError', (error, socket) => refuseConnection(error, socket as Socket, fixed))
  server.on('checkExpectation', (_, response) => {
    answer(response, refusal(417, 'The only expectation is 100-continue'), fixed)
  })

  function drain(): void {
    draining = true
    for (const response of open) response.shouldKeepAlive = false
  }

  async function stop(graceMs: number): Promise<void> {
    drain()
    // Not the close of node:http, which ends idle connections at once: what a proxy is just sending on them would be lost.
    const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve))
    await new Promise((resolve) => setTimeout(resolve, Math.min(handOverMs, graceMs)))
    closing = true
    server.closeIdleConnections()
    // Connections that never sent a request do not count as idle to Node, and browsers open some to have them ready.
    if (open.size === 0) server.closeAllConnections()
    const impatient = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(impatient)
  }
  return Object.freeze({ server, stop, drain })
}

type Headers = Readonly<Record<string, string>>

function answer(response: ServerResponse, error: LatchkeyError, fixed: Headers): void {
  const { status, headers, body } = problem(error)
  response.writeHead(status, { ...headers, ...fixed, 'content-length': Buffer.byteLength(body) }).end(body)
}

/** RFC 9112 section 3.2; Node itself looks at the first one. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count > 1
}

function refuseConnection(
  error: Error & { code?: string },
  socket: Socket & { _httpMessage?: ServerResponse },
  fixed: Headers,
): void {
  if (!socket.writable || error.code === 'ECONNRESET' || socket._httpMessage?.headersSent) {
    socket.destroy()
    return
  }
  const { status, headers, body } = problem(refusalFor(error.code))
  const fields = { ...headers, ...fixed, 'content-length': Buffer.byteLength(body), connection: 'close' }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
  // Closing while the rest still arrives, unread, would reset the connection, and the answer with it.
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

function refusalFor(code: string | undefined): LatchkeyError {
  if (code === 'HPE_HEADER_OVERFLOW') return refusal(431, `The headers must be at most ${maxHeaderBytes} bytes long`)
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal(408, 'The request must arrive in time')
  return refusal(400, 'The request must be HTTP/1.1')
}

function refusal(status: number, detail: string): LatchkeyError {
  return new LatchkeyError('http_error', { status, msg: detail })
}
