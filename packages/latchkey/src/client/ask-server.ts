import { ClientError } from './client-error.js'

export interface Question {
  readonly method?: string
  readonly token?: string
  readonly signal?: AbortSignal | undefined
  /** Lets it end after its page is closed. Default false. */
  readonly keepalive?: boolean
}

/** Sends JSON to a route of the server; the JSON of its answer, undefined when it is none. */
export type AskServer = (path: string, body: object, question?: Question) => Promise<unknown>

/**
 * Makes the one way to the server. Follows no redirect, sends no cookie.
 *
 * Its function throws ClientError; the reason of the signal when that aborts.
 */
export function createAskServer(server: string): AskServer {
  return async (path, body, { method = 'POST', token, signal, keepalive = false } = {}) => {
    const call = `${method} ${path}`
    let response: Response
    let text: string
    try {
      response = await fetch(server + path, {
        ...{ method, keepalive, redirect: 'error', credentials: 'omit', cache: 'no-store' },
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify(body),
        signal: signal ?? null,
      })
      text = await response.text()
    } catch (cause) {
      signal?.throwIfAborted()
      throw new ClientError('unreachable', call, { cause })
    }
    const { status } = response
    const answer = parse(text)
    if (response.ok) return answer
    const code = codeOf(answer)
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    const retryAfterSeconds = seconds >= 0 ? seconds : undefined
    if (!code) throw new ClientError('unexpected_status', call, { status, retryAfterSeconds })
    throw new ClientError('refused', call, { status, code, msg: Object(answer).msg, retryAfterSeconds })
  }
}

/** The code of a problem document of ours (RFC 9457); undefined for any other value. */
export function codeOf(answer: unknown): string | undefined {
  const { code, type } = Object(answer)
  return type === `urn:latchkey:error:${code}` && /^\w+$/.test(code) ? code : undefined
}

/** Whether a new token may do where this one was refused. */
export function isCurable(code: string | undefined): boolean {
  return code === 'token_expired' || code === 'token_revoked'
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
