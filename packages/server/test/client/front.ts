/** What stands between clients and the server: counts, fails as it is told, lets pages of any origin in, and serves a page. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { closeServer, listen } from '../server.js'
import { bundleClient } from './bundle.js'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** 0 until it is answered, and when it was cut. */
  status: number
  /** That of the server, whose answer may be held back. */
  serverStatus: number
}

/** `cut`: before the server hears of it. `lose`: after it answered, in the middle of the answer. `hang`: never.
 * A promise: the server's answer waits for it. A function answers by itself. */
export type Fault = 'cut' | 'lose' | 'hang' | Promise<void> | ((response: ServerResponse) => void) | undefined

export interface Front {
  readonly url: string
  readonly seen: Seen[]
  /** Asked for each request, with its number among those of its path, from 0. */
  fault: (seen: Seen, number: number) => Fault
  /** How many went to this path, such as `/v1/token/refresh`. */
  count(path: string, status?: number): number
  /** Begins to count anew, without faults. */
  reset(): void
  close(): Promise<void>
}

/** `target` is asked for each request: the server may move. */
export async function startFront(target: () => string): Promise<Front> {
  const server = createServer(async (incoming, outgoing) => {
    const { method = '', url: path = '', headers } = incoming
    if (method === 'OPTIONS') return void outgoing.writeHead(204, cors(headers)).end()
    const page = await pageOf(path)
    if (page) return void outgoing.writeHead(200, { 'content-type': page.type }).end(page.text)
    let body = ''
    for await (const chunk of incoming.setEncoding('utf8')) body += chunk
    const entry: Seen = { method, path, headers, body, status: 0, serverStatus: 0 }
    const fault = front.fault(entry, front.count(path))
    front.seen.push(entry)
    outgoing.on('finish', () => {
      entry.status = outgoing.statusCode
    })
    if (fault === 'hang') return
    if (fault === 'cut') return void incoming.socket.destroy()
    if (typeof fault === 'function') {
      for (const [name, value] of Object.entries(cors(headers))) outgoing.setHeader(name, value)
      return fault(outgoing)
    }
    const { hostname, port } = new URL(target())
    const sent = request({ hostname, port, method, path, headers, agent: false }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      entry.serverStatus = response.statusCode as number
      if (fault instanceof Promise) await fault
      if (fault === 'lose') return void lose(outgoing, cors(headers))
      outgoing.writeHead(entry.serverStatus, { ...response.headers, ...cors(headers) })
      outgoing.end(Buffer.concat(chunks))
    })
    sent.on('error', () => incoming.socket.destroy())
    sent.end(body)
  })
  const port = await listen(server)
  const front: Front = {
    url: `http://127.0.0.1:${port}`,
    seen: [],
    fault: () => undefined,
    count: (path, status) =>
      front.seen.filter((one) => one.path === path && (status === undefined || one.status === status)).length,
    reset() {
      front.seen.length = 0
      front.fault = () => undefined
    },
    close: () => closeServer(server),
  }
  return front
}

/** Not before its first byte: browsers send again by themselves what a kept connection gave no answer to. */
function lose(outgoing: ServerResponse, headers: Record<string, string>): void {
  outgoing.writeHead(201, { ...headers, 'content-length': 100 })
  outgoing.write('{', () => outgoing.socket?.destroy())
}

/** A promise for `fault`, and what resolves it. */
export function hold(): { held: Promise<void>; release(): void } {
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  return { held, release: () => release() }
}

function cors({ origin = '*' }: IncomingMessage['headers']): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-headers': 'authorization, content-type',
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
    'access-control-expose-headers': 'retry-after',
  }
}

async function pageOf(path: string): Promise<{ type: string; text: string } | undefined> {
  if (path.startsWith('/page')) return { type: 'text/html', text: '<!doctype html><title>page</title>' }
  return path === '/client.js' ? { type: 'text/javascript', text: await bundleClient() } : undefined
}
