/** Turns any error into an answer (RFC 9457). */
import { type ErrorCode, LatchkeyError } from '../errors.js'

export interface ProblemAnswer {
  /** What the body says as well: for counting. */
  readonly code: ErrorCode
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The answer to an error: status, headers and an `application/problem+json` body. A `NotFound` of @latchkey/query is answered as
 * `not_found`; whatever else is no `LatchkeyError` becomes `server_error`, and nothing of it leaves the process. `request` is
 * "METHOD path", as `describeRequest` writes it; `challenge` stands in place of the error's own.
 */
export function problem(error: unknown, request?: string, challenge?: string): ProblemAnswer {
  const known = toLatchkeyError(error)
  const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...known.headers }
  return {
    code: known.code,
    status: known.status,
    headers: challenge === undefined ? headers : { ...headers, 'www-authenticate': challenge },
    body: JSON.stringify(known.toProblem(request)),
  }
}

export type PreparedProblem = (request: string) => ProblemAnswer

/** The same for an error that is answered again and again: all but the request is written once, and its headers are shared. */
export function prepareProblem(error: LatchkeyError, challenge?: string): PreparedProblem {
  const { code, status, headers } = problem(error, undefined, challenge)
  const shared = Object.freeze(headers)
  const [before, after] = JSON.stringify(error.toProblem('')).split('"request":""') as [string, string]
  return (request) => ({ code, status, headers: shared, body: `${before}"request":${JSON.stringify(request)}${after}` })
}

function toLatchkeyError(error: unknown): LatchkeyError {
  if (error instanceof LatchkeyError) return error
  const { name, code, message } = (error ?? {}) as { name?: unknown; code?: unknown; message?: unknown }
  // By its members: this package knows no other.
  if (name === 'NotFound' && code === 'not_found') return new LatchkeyError('not_found', { detail: String(message) })
  return new LatchkeyError('server_error', { cause: error })
}

/** The scheme and authority of a request target in absolute form (RFC 9112 section 3.2.2). */
const authority = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i

/** "POST /v1/token": the method and the path of a request target, without its query, where secrets may travel. */
export function describeRequest(method: string, target: string): string {
  const url = target.startsWith('/') ? target : target.replace(authority, '') || '/'
  const end = url.search(/[?#]/)
  return `${method} ${end < 0 ? url : url.slice(0, end)}`
}
