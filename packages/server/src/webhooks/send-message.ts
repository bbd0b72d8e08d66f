/** One bounded POST (Standard Webhooks 1.0): no redirect, no wait without end, and next to nothing of the answer. */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Endpoint } from './endpoint.js'

export interface Message {
  readonly id: string
  readonly body: string
}

export interface SendOptions {
  /** When the message is signed, by the store's clock. */
  readonly at: Date
  /** How long the answer may take. */
  readonly timeoutMs: number
  /** Ends it. */
  readonly signal: AbortSignal
}

/** The status of the answer; or why there was none, in words of our own. */
export type SendResult = { readonly status: number } | { readonly fault: string }

const mostBytes = 4096

/**
 * Signs a message and sends it. The status counts as soon as it is there; of the body at most 4 KiB are taken, and none is kept.
 * Never throws.
 */
export function sendMessage(endpoint: Endpoint, { id, body }: Message, options: SendOptions): Promise<SendResult> {
  const { at, timeoutMs, signal } = options
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'latchkey',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': endpoint.sign(id, at, body),
  }
  return new Promise((resolve) => {
    const send = endpoint.url.protocol === 'https:' ? httpsRequest : httpRequest
    // A connection of its own: one that is kept may have been closed on the other side, and would be a failed try.
    const request = send(endpoint.url, { method: 'POST', headers, agent: false, signal })
    let result: SendResult | undefined
    function end(found: SendResult): void {
      clearTimeout(timer)
      request.destroy()
      resolve(result ?? found)
    }
    const timer = setTimeout(() => end({ fault: `no answer within ${timeoutMs} ms` }), timeoutMs)
    request.once('response', (response) => {
      const answered = { status: response.statusCode as number }
      result = answered
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > mostBytes) end(answered)
      })
      response.once('close', () => end(answered))
      response.once('error', () => end(answered))
    })
    request.on('error', (error: Error & { code?: string }) => end({ fault: error.code ?? 'connection failed' }))
    request.end(body)
  })
}
