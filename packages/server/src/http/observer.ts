/** What may be told of a request: neither its path nor its query, where clients may write anything. */
export interface EndedRequest {
  readonly requestId: string
  readonly method: string
  /** The pattern of the path, as `/v1/user/:uid`; `none` where nothing is. */
  readonly route: string
  readonly status: number
  readonly ms: number
  /** Of an error that a route threw. */
  readonly code: string | undefined
  readonly addressPrefix: string | undefined
}

export interface Observer {
  /** Whether the request comes through a proxy that is trusted, and may bring its id in X-Request-Id. */
  readonly takesRequestId: boolean
  ended(request: EndedRequest): void
}
