import type { Auth } from 'latchkey'
import type { NodeHandler, WebHandler } from '../http/handlers.js'

/** An `Auth` for guards in the same process, and the login routes for `mount`. */
export interface Latchkey<Scope extends string = string> extends Auth<Scope> {
  /**
   * Answers a web request. With `next`, as `mount` gives it, only the login routes are answered, and for all others `next` is
   * called; without it everything is, `/healthz` and `/openapi.json` included.
   */
  readonly fetch: WebHandler
  /** The same for the request and response of `node:http`, Express and their like. Stands before body parsers. */
  readonly node: NodeHandler
  /** Closes the database. Requests that still run may fail: close the HTTP server first. */
  close(): Promise<void>
}
