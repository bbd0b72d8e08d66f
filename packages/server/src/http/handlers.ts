/** The two doors of the API, in types that need neither DOM nor Node types. */
import type { NodeNext, NodeRequest, NodeResponse } from 'latchkey/node'

export type WebRequest = typeof globalThis extends { Request: { prototype: infer R } } ? R : object
export type WebResponse = typeof globalThis extends { Response: { prototype: infer R } } ? R : object

/**
 * Answers every web request; with `next` only those that are the API's own, and calls `next` for all others. `env` is what
 * Hono's adapter for Node hands on: the address of the client is taken from its `incoming`, and is not known without.
 */
export interface WebHandler {
  (request: WebRequest, env?: object): Promise<WebResponse>
  <Result>(request: WebRequest, next: () => Promise<Result>, env?: object): Promise<WebResponse> | Promise<Result>
}

/** The same for the request and response of `node:http`, Express and their like. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse, next?: NodeNext) => unknown
