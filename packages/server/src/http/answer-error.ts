/** Every error that a route throws becomes an answer here, and nowhere else. */
import { HTTPException } from 'hono/http-exception'
import { LatchkeyError } from 'latchkey'
import { problem } from 'latchkey/http'
import type { Log } from '../log/log.js'

export interface FailedRequest {
  /** What clients know as `request`. */
  readonly request?: string
  /** What the log calls it. */
  readonly pattern?: string
  readonly requestId?: string | undefined
}

/** The answer to an error; what is the server's own fault is logged, and told to nobody else. */
export function answerError(error: unknown, failed: FailedRequest, log: Log): Response {
  const { request, pattern = 'a request', requestId } = failed
  const known = error instanceof HTTPException ? fromHono(error) : error
  const { status, headers, body } = problem(known, request)
  const cause = known instanceof LatchkeyError ? known.cause : known
  // A busy one with a cause is storage that went away, which whoever runs the server must hear of.
  if (status === 500 || (status === 503 && cause !== undefined)) {
    log.error(`${pattern} failed`, { requestId, err: cause ?? known })
  }
  return new Response(body, { status, headers })
}

function fromHono(error: HTTPException): LatchkeyError {
  if (error.status >= 500) return new LatchkeyError('server_error', { cause: error })
  return new LatchkeyError('http_error', { status: error.status, detail: error.message, cause: error })
}
