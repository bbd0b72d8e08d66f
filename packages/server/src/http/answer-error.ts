/** Every error that a route throws becomes an answer here, and nowhere else. */
import { HTTPException } from 'hono/http-exception'
import { LatchkeyError } from 'latchkey'
import { problem } from 'latchkey/http'
import type { Log } from './log.js'

/** The answer to an error; what is the server's own fault is logged, and told to nobody else. */
export function answerError(error: unknown, request: string | undefined, log: Log): Response {
  const known = error instanceof HTTPException ? fromHono(error) : error
  const { status, headers, body } = problem(known, request)
  const cause = known instanceof LatchkeyError ? known.cause : known
  // A busy one with a cause is storage that went away, which whoever runs the server must hear of.
  if (status === 500 || (status === 503 && cause !== undefined)) {
    log(`latchkey: ${request ?? 'a request'} failed: ${describeFault(cause)}`)
  }
  return new Response(body, { status, headers })
}

function fromHono(error: HTTPException): LatchkeyError {
  if (error.status >= 500) return new LatchkeyError('server_error', { cause: error })
  return new LatchkeyError('http_error', { status: error.status, detail: error.message, cause: error })
}

/** The error, its stack, and what caused it. */
function describeFault(fault: unknown): string {
  const lines: string[] = []
  for (let one = fault, depth = 0; one !== undefined && depth < 5; depth++) {
    lines.push(one instanceof Error ? (one.stack ?? one.message) : 'something that is no Error was thrown')
    one = one instanceof Error ? one.cause : undefined
  }
  return lines.join('\ncaused by: ') || 'no cause given'
}
