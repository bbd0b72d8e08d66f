/** What receives webhooks: a real HTTP server that verifies each message as the documentation says. */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Webhook } from 'standardwebhooks'
import type { AuditEntry } from '../../src/audit/list-events.js'
import type { AuditEventName, WebhookSettings } from '../../src/config.js'
import { closeServer, listen } from '../server.js'

export interface Received {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly id: string
  /** Settled once the connection is closed. */
  readonly closed: Promise<void>
  /** What `verify` of standardwebhooks answers. */
  readonly message: { readonly type: string; readonly timestamp: string; readonly data: AuditEntry }
}

type Answer = (response: ServerResponse, received: Received) => void | Promise<void>

export interface Receiver {
  readonly port: number
  readonly url: string
  readonly secret: string
  /** Every message that came, in the order in which they came. */
  readonly received: Received[]
  /** How many requests came, signed or not. */
  requests: number
  /** How it answers from now on. At first with 204. */
  answer: Answer
  settings(events: readonly AuditEventName[]): WebhookSettings
  close(): Promise<void>
}

export const answerStatus =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end()

/** Takes no message at all whose signature is wrong: the connection is closed. With `tls` it speaks nothing else. */
export async function startReceiver(tls?: { readonly key: string; readonly cert: string }): Promise<Receiver> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const webhook = new Webhook(secret)
  const receiver = { secret, received: [] as Received[], requests: 0, answer: answerStatus(204) }
  const listener: RequestListener = async (request, response) => {
    receiver.requests++
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const { headers, url = '' } = request
    let message: Received['message']
    try {
      if (request.method !== 'POST' || headers['content-type'] !== 'application/json') throw new Error('no message')
      message = webhook.verify(body, headers as Record<string, string>) as Received['message']
    } catch {
      request.destroy()
      return
    }
    const closed = new Promise<void>((resolve) => request.socket.once('close', () => resolve()))
    const received = { path: url, headers, id: String(headers['webhook-id']), closed, message }
    receiver.received.push(received)
    await receiver.answer(response, received)
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  const port = await listen(server)
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/hooks/${randomBytes(12).toString('hex')}`
  return Object.assign(receiver, {
    ...{ port, url },
    settings: (events: readonly AuditEventName[]) => ({ url, secret, events }),
    close: () => closeServer(server),
  })
}
