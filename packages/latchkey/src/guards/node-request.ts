/** What a request of `node:http` tells a decision; Express and Hono on Node hand the same request on. */
import type { GuardRequest } from '../auth/index.js'

/** The few members of `http.IncomingMessage` that are read. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly rawHeaders: readonly string[]
}

const none: readonly string[] = Object.freeze([])

/** The names that clients write are compared as they are: to make them lower takes longer. */
function isAuthorization(name: string): boolean {
  if (name.length !== 13) return false
  return name === 'Authorization' || name === 'authorization' || name.toLowerCase() === 'authorization'
}

/** Reads headers only when the decision asks for them: most requests need Authorization alone. */
export class NodeGuardRequest implements GuardRequest {
  readonly #request: NodeRequest
  readonly url: string

  constructor(request: NodeRequest, url: string) {
    this.#request = request
    this.url = url
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  /** From the raw headers, since `headers` shows only the first of several lines. */
  get authorization(): readonly string[] {
    const { rawHeaders } = this.#request
    let lines = none
    for (let i = 0; i < rawHeaders.length; i += 2) {
      if (!isAuthorization(rawHeaders[i] as string)) continue
      const line = rawHeaders[i + 1] as string
      // A list that is pushed to has room for sixteen more.
      lines = lines === none ? [line] : [...lines, line]
    }
    return lines
  }

  get host(): string | undefined {
    return this.#header('host')
  }

  get origin(): string | undefined {
    return this.#header('origin')
  }

  get fetchSite(): string | undefined {
    return this.#header('sec-fetch-site')
  }

  get fetchMode(): string | undefined {
    return this.#header('sec-fetch-mode')
  }

  get preflight(): boolean {
    return (
      this.#request.method === 'OPTIONS' &&
      this.origin !== undefined &&
      this.#header('access-control-request-method') !== undefined
    )
  }

  #header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return typeof value === 'string' ? value : value?.[0]
  }
}
