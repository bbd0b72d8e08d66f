import type { ErrorCode, FieldReasons } from '../errors.js'

/**
 * How a call to the server failed:
 *
 * - `unreachable`: no answer came. Whether the request arrived is not known.
 * - `refused`: the server said no; `code` says why.
 * - `unexpected_status`: somebody else answered, such as a proxy, or a server at another address.
 * - `unexpected_body`: the status was right and the body was not.
 */
export type ClientErrorKind = 'unreachable' | 'refused' | 'unexpected_status' | 'unexpected_body'

export interface ClientErrorDetails {
  /** The server's code (`docs/errors.md`), with kind `refused`; a newer server may know more of them. */
  readonly code?: ErrorCode | (string & {}) | undefined
  /** HTTP status; undefined when no answer came. */
  readonly status?: number | undefined
  /** The server's word for people, with kind `refused`; with code `parameter_invalid` reasons by field. */
  readonly msg?: string | FieldReasons | undefined
  /** What `Retry-After` says (RFC 9110 section 10.2.3). Across origins a browser shows it only where CORS exposes it. */
  readonly retryAfterSeconds?: number | undefined
  readonly cause?: unknown
}

/** A call to the server that failed. Its message holds no token and no secret, and nothing that the server wrote but the code. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly kind: ClientErrorKind
  readonly code: ErrorCode | (string & {}) | undefined
  readonly status: number | undefined
  readonly msg: string | FieldReasons | undefined
  readonly retryAfterSeconds: number | undefined

  /** `call` names the request, as in "POST /v1/token". */
  constructor(kind: ClientErrorKind, call: string, details: ClientErrorDetails = {}) {
    const { code, status, msg, retryAfterSeconds, cause } = details
    super(`${call}: ${[kind, status, code].filter(Boolean).join(' ')}`, { cause })
    this.kind = kind
    this.code = code
    this.status = status
    this.msg = msg
    this.retryAfterSeconds = retryAfterSeconds
  }
}
