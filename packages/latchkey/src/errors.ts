/** Every way a request can be refused: one table, and one error class that carries a row of it (RFC 9457, RFC 6750 section 3). */

interface ErrorRow {
  /** HTTP status; of `http_error` the default, since it keeps the status it is made with. */
  readonly status: number
  /** The number clients know as `error_code`. A number is never used twice. */
  readonly errorCode: number
  /** Short and the same each time. */
  readonly title: string
  /** What clients know as `msg`, unless the error says something nearer. */
  readonly msg: string
  /** `error` of the Bearer challenge; null: a challenge without one (RFC 6750 section 3.1). */
  readonly challenge?: string | null
}

/** All error codes; `docs/errors.md` describes each, and a check holds the two together. */
export const errorTable = freezeRows({
  server_error: { status: 500, errorCode: 999, title: 'Server error', msg: 'sorry, we made a mistake' },
  parameter_invalid: { status: 400, errorCode: 1000, title: 'Invalid parameter', msg: 'invalid parameter' },
  not_found: { status: 404, errorCode: 1001, title: 'Not found', msg: 'the resource is not found' },
  token_invalid: {
    status: 401,
    errorCode: 1002,
    title: 'Token invalid',
    msg: 'token is invalid',
    challenge: 'invalid_token',
  },
  token_expired: {
    status: 401,
    errorCode: 1003,
    title: 'Token expired',
    msg: 'token is expired',
    challenge: 'invalid_token',
  },
  forbidden: {
    status: 403,
    errorCode: 1004,
    title: 'Forbidden',
    msg: 'forbidden, not in scope',
    challenge: 'insufficient_scope',
  },
  auth_failed: {
    status: 401,
    errorCode: 1005,
    title: 'Authorization failed',
    msg: 'authorization failed',
    challenge: null,
  },
  client_type_invalid: { status: 400, errorCode: 1006, title: 'Client type invalid', msg: 'client is invalid' },
  http_error: { status: 400, errorCode: 1007, title: 'HTTP error', msg: 'the request cannot be served' },
  token_revoked: {
    status: 401,
    errorCode: 1008,
    title: 'Token revoked',
    msg: 'token is revoked',
    challenge: 'invalid_token',
  },
  refresh_invalid: {
    status: 401,
    errorCode: 1009,
    title: 'Refresh token invalid',
    msg: 'refresh token is invalid',
    challenge: null,
  },
  too_many_requests: { status: 429, errorCode: 1010, title: 'Too many requests', msg: 'too many requests' },
  busy: { status: 503, errorCode: 1011, title: 'Busy', msg: 'busy, try again shortly' },
  account_exists: { status: 409, errorCode: 1012, title: 'Account exists', msg: 'the account exists' },
  login_too_old: {
    status: 401,
    errorCode: 1013,
    title: 'Login too old',
    msg: 'a newer login is needed',
    challenge: 'insufficient_user_authentication',
  },
} satisfies Record<string, ErrorRow>)

export type ErrorCode = keyof typeof errorTable

function freezeRows<Table extends Record<string, ErrorRow>>(table: Table): Readonly<Table> {
  for (const row of Object.values(table)) Object.freeze(row)
  return Object.freeze(table)
}

/** Reasons by field, as `parameter_invalid` carries them: `{ account: ["must be 5 to 254 characters long"] }`. */
export type FieldReasons = Readonly<Record<string, readonly string[]>>

export interface ErrorDetails {
  /** What clients read as `msg`; default: the table's. */
  readonly msg?: string | FieldReasons
  /** One sentence about this case, without any token, secret or password. */
  readonly detail?: string
  /** Only for `http_error`: the HTTP status it keeps. */
  readonly status?: number
  /** Further response headers, such as `allow`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Only for `busy` and `too_many_requests`; default 1. */
  readonly retryAfterSeconds?: number
  /** The scope that is missing, for `forbidden`. */
  readonly scope?: string
  /** The oldest login that would do, for `login_too_old`. */
  readonly maxAgeSeconds?: number
  /** Overrides the `error` of the Bearer challenge; null leaves it out, and where the status is not 401 the challenge with it. */
  readonly challenge?: string | null
  /** The claim that was refused. */
  readonly claim?: string
  /** For developers, what to do: it may hold what the token says, and is there with NODE_ENV=development alone. */
  readonly hint?: string
  readonly cause?: unknown
}

/** The members of a problem document (RFC 9457 section 3.1) with those clients of the original know. */
export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly msg: string | FieldReasons
  readonly error_code: number
  readonly request?: string
  /** What to do; only with NODE_ENV=development. */
  readonly hint?: string
}

/**
 * A refusal with a code. Its members let the error handlers of Express, Fastify, Hono, Koa and Nest answer with the right
 * status when it is thrown into an application. It never holds a token, secret or password.
 */
export class LatchkeyError extends Error {
  override readonly name = 'LatchkeyError'
  readonly code: ErrorCode
  readonly errorCode: number
  readonly status: number
  readonly statusCode: number
  /** Whether the message may be shown to clients: false for `server_error` alone. */
  readonly expose: boolean
  readonly msg: string | FieldReasons
  /** The claim that was refused, if it was one. */
  readonly claim: string | undefined
  readonly hint: string | undefined
  /** Response headers that belong to this refusal: challenge, `retry-after`, `allow`. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const row: ErrorRow = errorTable[code]
    const message = details.detail ?? (typeof details.msg === 'string' ? details.msg : row.msg)
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.errorCode = row.errorCode
    this.status = code === 'http_error' ? (details.status ?? row.status) : row.status
    this.statusCode = this.status
    this.expose = code !== 'server_error'
    this.msg = details.msg ?? row.msg
    this.claim = details.claim
    this.hint = details.hint
    this.headers = Object.freeze({ ...ownHeaders(code, row, details), ...details.headers })
  }

  /** The problem document; `request` ("POST /v1/token") is left out when it is not known. */
  toProblem(request?: string): ProblemDocument {
    return {
      type: `urn:latchkey:error:${this.code}`,
      title: errorTable[this.code].title,
      status: this.status,
      // The cause of a server error stays in the process.
      detail: this.expose ? this.message : errorTable.server_error.msg,
      code: this.code,
      msg: this.expose ? this.msg : errorTable.server_error.msg,
      error_code: this.errorCode,
      ...(request === undefined ? {} : { request }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    }
  }

  toJSON(): ProblemDocument {
    return this.toProblem()
  }

  /** A web `Response`, as Hono asks of errors thrown into it. */
  getResponse(): object {
    const headers = { ...this.headers, 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
    return new Response(JSON.stringify(this.toProblem()), { status: this.status, headers })
  }
}

function ownHeaders(code: ErrorCode, row: ErrorRow, details: ErrorDetails): Record<string, string> {
  const headers: Record<string, string> = {}
  if (row.status === 429 || row.status === 503) headers['retry-after'] = String(details.retryAfterSeconds ?? 1)
  const error = details.challenge === undefined ? row.challenge : details.challenge
  // Without an error a challenge only says how to authenticate, which 401 alone asks for.
  if (error || row.status === 401) headers['www-authenticate'] = bearerChallenge(code, error, details)
  return headers
}

/** The Bearer challenge (RFC 6750 section 3, RFC 9470 section 3). `http/challenge.ts` adds Basic where it belongs. */
function bearerChallenge(code: ErrorCode, error: string | null | undefined, details: ErrorDetails): string {
  const { scope, maxAgeSeconds } = details
  let text = 'Bearer realm="latchkey"'
  if (error) text += `, error="${quotable(error)}"`
  if (code === 'forbidden' && scope !== undefined) text += `, scope="${quotable(scope)}"`
  if (code === 'login_too_old' && maxAgeSeconds !== undefined) text += `, max_age=${maxAgeSeconds}`
  return text
}

/** RFC 6750 section 3 allows these characters in a value, and no others. */
function quotable(text: string): string {
  return text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
}
