/** One bounded GET of JSON: no redirect, no wait without end, no more bytes than were agreed. */
import { type JsonObject, readStrictJson } from '../encoding/index.js'

export interface FetchedJson {
  readonly value: JsonObject
  /** Seconds that a cache had it, by its Age header (RFC 9111 section 5.1). */
  readonly ageSeconds: number
}

const timeoutMs = 5_000

/** @throws Error saying what was expected; never with what was answered. */
export async function fetchJson(url: string, maxBytes: number, signal: AbortSignal): Promise<FetchedJson> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url} must answer 200, not ${response.status}`)
  }
  const parsed = readStrictJson(await readText(response, url, maxBytes))
  if (parsed.reason !== undefined || typeof parsed.value !== 'object' || parsed.value === null) {
    throw new Error(`${url} must answer a JSON object`)
  }
  const age = Number(response.headers.get('age') ?? 0)
  return { value: parsed.value as JsonObject, ageSeconds: Number.isFinite(age) && age > 0 ? age : 0 }
}

async function readText(response: Response, url: string, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let length = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > maxBytes) throw new Error(`${url} must answer at most ${maxBytes} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
