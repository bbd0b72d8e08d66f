/** Turns any error into an answer (RFC 9457). */
import { LatchkeyError } from '../errors.js'

export interface ProblemAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Record<string, string>
  readonly body: string
}

/**
 * The answer to an error: status, headers and an `application/problem+json` body. Whatever is no `LatchkeyError` becomes
 * `server_error`, and nothing of it leaves the process. `request` is "METHOD path", as `describeRequest` writes it.
 */
export function problem(error: unknown, request?: string): ProblemAnswer {
  const known = error instanceof LatchkeyError ? error : new LatchkeyError('server_error')
  return {
    status: known.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...known.headers },
    body: JSON.stringify(known.toProblem(request)),
  }
}

/** The scheme and authority of a request target in absolute form (RFC 9112 section 3.2.2). */
const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i

/** "POST /v1/token": the method and the path of a request target, without its query, where secrets may travel. */
export function describeRequest(method: string, target: string): string {
  const url = target.startsWith('/') ? target : target.replace(authority, '') || '/'
  const end = url.search(/[?#]/)
  return `${method} ${end < 0 ? url : url.slice(0, end)}`
}
