/** An HTTP client that sends what it is told, byte for byte, and hides nothing of the answer. */
import { connect } from 'node:net'

export type HeaderLine = readonly [name: string, value: string]

export interface RawRequest {
  /** Default GET. */
  readonly method?: string
  /** Default `/guarded`. */
  readonly path?: string
  /** In this order and this case; each character is one byte. `Host` is added unless it is here. */
  readonly headers?: readonly HeaderLine[]
  /** Sent with its length. */
  readonly body?: string
}

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: readonly HeaderLine[]
  readonly body: string
}

export interface Connection {
  /** Sends text, each character as one byte. */
  write(text: string): void
  /** The next answer; rejects when the connection ends before it is complete. */
  read(method?: string): Promise<Answer>
  readonly ended: boolean
  destroy(): void
}

const patienceMs = 5000

export function open(port: number): Connection {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = ''
  let ended = false
  let wake = () => {}
  socket.setEncoding('latin1').setTimeout(patienceMs, () => socket.destroy())
  socket.on('data', (text) => {
    received += text
    wake()
  })
  socket.on('error', () => {})
  for (const event of ['end', 'close']) {
    socket.on(event, () => {
      ended = true
      wake()
    })
  }
  return {
    write: (text) => socket.write(text, 'latin1'),
    async read(method = 'GET') {
      for (;;) {
        const found = parseAnswer(received, method, ended)
        if (found) {
          received = found.rest
          if (found.answer.status >= 200) return found.answer
          continue
        }
        if (ended) throw new Error(`The connection ended before the answer, after ${JSON.stringify(received)}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    get ended() {
      return ended
    },
    destroy: () => socket.destroy(),
  }
}

export function requestText({ method = 'GET', path = '/guarded', headers = [], body }: RawRequest): string {
  const lines = [...headers]
  if (!lines.some(([name]) => name.toLowerCase() === 'host')) lines.unshift(['Host', 'shop.example'])
  if (body !== undefined) lines.push(['Content-Length', String(body.length)])
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body ?? ''}`
}

/** One request on a connection of its own. */
export async function ask(port: number, request: RawRequest): Promise<Answer> {
  const connection = open(port)
  try {
    connection.write(requestText({ ...request, headers: [...(request.headers ?? []), ['Connection', 'close']] }))
    return await connection.read(request.method)
  } finally {
    connection.destroy()
  }
}

export function valuesOf({ headers }: Answer, wanted: string): string[] {
  return headers.filter(([name]) => name === wanted).map(([, value]) => value)
}

function parseAnswer(text: string, method: string, ended: boolean): { answer: Answer; rest: string } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(first.split(' ')[1])
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const framed = readBody(text.slice(end + 4), method, { status, headers, body: '' }, ended)
  if (!framed) return undefined
  return { answer: { status, headers, body: Buffer.from(framed.body, 'latin1').toString() }, rest: framed.rest }
}

function readBody(text: string, method: string, head: Answer, ended: boolean) {
  if (method === 'HEAD' || head.status < 200 || head.status === 204) return { body: '', rest: text }
  if (valuesOf(head, 'transfer-encoding')[0] === 'chunked') return readChunks(text)
  const [length] = valuesOf(head, 'content-length')
  if (length === undefined) return ended ? { body: text, rest: '' } : undefined
  if (text.length < Number(length)) return undefined
  return { body: text.slice(0, Number(length)), rest: text.slice(Number(length)) }
}

function readChunks(text: string): { body: string; rest: string } | undefined {
  let body = ''
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(text.slice(at, line), 16)
    const next = line + 2 + size + 2
    if (text.length < next) return undefined
    if (size === 0) return { body, rest: text.slice(next) }
    body += text.slice(line + 2, line + 2 + size)
    at = next
  }
}
