/** One bounded GET of JSON: no redirect, no wait without end, no more bytes than were agreed. */
import { type JsonObject, readStrictJson } from '../encoding/index.js'

export interface FetchedJson {
  readonly value: JsonObject
  /** Seconds that a cache had it, by its Age header (RFC 9111 section 5.1). */
  readonly ageSeconds: number
}

export interface FetchOptions {
  readonly maxBytes: number
  /** Ends it. */
  readonly signal: AbortSignal
  /** How long the whole answer may take; default 5,000. */
  readonly waitMs?: number
  /** The Authorization header. */
  readonly authorization?: string | undefined
}

export class UnexpectedStatus extends Error {
  readonly status: number

  constructor(url: string, status: number) {
    super(`${url} must answer 200, not ${status}`)
    this.status = status
  }
}

/** @throws Error saying what was expected, `UnexpectedStatus` among them; never with what was answered. */
export async function fetchJson(url: string, options: FetchOptions): Promise<FetchedJson> {
  const { signal, waitMs = 5_000 } = options
  // By hand: on Node 20 the garbage collector takes AbortSignal.any([signal, AbortSignal.timeout(ms)]), and it never fires.
  const stopper = new AbortController()
  const stop = () => stopper.abort(signal.reason)
  const timer = setTimeout(() => stopper.abort(new Error(`${url} must answer within ${waitMs} ms`)), waitMs)
  timer.unref()
  signal.addEventListener('abort', stop)
  try {
    if (signal.aborted) stop()
    return await get(url, { ...options, signal: stopper.signal })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

async function get(url: string, { maxBytes, signal, authorization }: FetchOptions): Promise<FetchedJson> {
  const headers = { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) }
  const response = await fetch(url, { headers, redirect: 'error', signal })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new UnexpectedStatus(url, response.status)
  }
  const parsed = readStrictJson(await readText(response, url, maxBytes, signal))
  if (parsed.reason !== undefined || typeof parsed.value !== 'object' || parsed.value === null) {
    throw new Error(`${url} must answer a JSON object`)
  }
  const age = Number(response.headers.get('age') ?? 0)
  return { value: parsed.value as JsonObject, ageSeconds: Number.isFinite(age) && age > 0 ? age : 0 }
}

async function readText(response: Response, url: string, maxBytes: number, signal: AbortSignal): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader()
  // By hand as well: once the answer has begun, the collector takes what ties the body to the signal.
  const stop = () => void reader?.cancel().catch(() => {})
  signal.addEventListener('abort', stop)
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    let text = ''
    let length = 0
    for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
      length += read.value.length
      if (length > maxBytes) throw new Error(`${url} must answer at most ${maxBytes} bytes`)
      text += decoder.decode(read.value, { stream: true })
    }
    // What was let go of looks as if it had ended.
    signal.throwIfAborted()
    return text + decoder.decode()
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}
