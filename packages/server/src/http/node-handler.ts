/** The API behind `node:http`, and behind whatever passes its request and response on. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { LatchkeyError } from 'latchkey'
import type { Log } from '../log/log.js'
import { answerError } from './answer-error.js'
import type { Api } from './api-context.js'
import { isOwnPath } from './create-api.js'
import type { NodeHandler } from './handlers.js'
import { securityHeaders } from './security-headers.js'

export interface NodeHandlerOptions {
  /**
   * Replaces the global `Request` and `Response` by quicker ones: for a process that is nothing but the server. Leaving them
   * alone costs it two thirds of its throughput with small answers.
   */
  readonly overrideGlobalObjects: boolean
  readonly log: Log
  readonly issuer: string
}

/** Makes the handler. It never throws, and never leaves a request without an answer. */
export function createNodeHandler(api: Api, options: NodeHandlerOptions): NodeHandler {
  const { overrideGlobalObjects, log, issuer } = options
  const listener = getRequestListener((request, env) => api.fetch(request, env), {
    overrideGlobalObjects,
    errorHandler(error) {
      const answer = answerError(refused(error), {}, log)
      for (const [name, value] of Object.entries(securityHeaders(issuer))) answer.headers.set(name, value)
      return answer
    },
  })
  return (request, response, next) => {
    if (next && !isOwnTarget(request.url ?? '/')) return next()
    return listener(request as unknown as IncomingMessage, response as unknown as ServerResponse)
  }
}

/** What the adapter refuses before there is a request: a target or Host of which no URL can be made. */
function refused(error: unknown): unknown {
  if ((error as { name?: unknown } | null)?.name !== 'RequestError') return error
  const detail = 'The request target and the Host header must make a URL'
  return new LatchkeyError('http_error', { msg: detail, cause: error })
}

/** Whether a request target is the API's own as it is written and as URLs are read: `/v1/user/../orders` is not. */
function isOwnTarget(target: string): boolean {
  const [, path = ''] = /^(?:https?:\/\/[^/?#]*)?([^?#]*)/i.exec(target) ?? []
  const url = isOwnPath(path) && URL.canParse(path, 'http://localhost') ? new URL(path, 'http://localhost') : undefined
  return url !== undefined && isOwnPath(url.pathname)
}
