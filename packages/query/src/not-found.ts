/** `Response` where the program's types have one, so that this package needs neither DOM nor Node types. */
export type WebResponse = typeof globalThis extends { Response: { prototype: infer R } } ? R : object

/** The members of the problem document (RFC 9457 section 3.1) that `NotFound` answers. */
export interface NotFoundProblem {
  readonly type: string
  readonly title: string
  readonly status: 404
  readonly detail: string
  readonly code: 'not_found'
  readonly msg: string
  readonly error_code: 1001
  readonly request?: string
}

const MESSAGE = 'the resource is not found'

/**
 * There is no such row, or it is soft-deleted. Thrown in a handler, it makes Express, Fastify, Hono, Koa and Nest answer
 * with 404. It holds no value of the query; `detail` reaches the client.
 *
 * @example throw new NotFound('there is no such order')
 */
export class NotFound extends Error {
  override readonly name = 'NotFound'
  readonly code = 'not_found'
  readonly errorCode = 1001
  readonly status = 404
  readonly statusCode = 404
  /** The message may be shown to clients. */
  readonly expose = true

  constructor(detail: string = MESSAGE) {
    super(detail)
  }

  /** The problem document; `request` ("GET /orders/7") is left out when it is not known. */
  toProblem(request?: string): NotFoundProblem {
    return {
      type: 'urn:latchkey:error:not_found',
      title: 'Not found',
      status: 404,
      detail: this.message,
      code: 'not_found',
      msg: MESSAGE,
      error_code: 1001,
      ...(request === undefined ? {} : { request }),
    }
  }

  toJSON(): NotFoundProblem {
    return this.toProblem()
  }

  /** A web `Response` with the problem document, as Hono asks of errors thrown into it. */
  getResponse(): WebResponse {
    const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
    return new Response(JSON.stringify(this.toProblem()), { status: 404, headers }) as WebResponse
  }
}
