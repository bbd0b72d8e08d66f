import type { EndedRequest, Observer } from '../http/observer.js'
import type { Log } from '../log/log.js'
import type { Metrics } from '../metrics/metrics.js'

export interface ObserverParts {
  /** Gets a line for each request; undefined: none. */
  readonly log: Log | undefined
  readonly metrics: Metrics | undefined
  readonly trustedProxies: number
}

/** Asked all the time by other programs: only what fails is worth a line. */
const quietRoutes = new Set(['/healthz', '/readyz', '/v1/revocations'])

/** Undefined where nobody wants to know of requests: then they cost nothing. */
export function createObserver({ log, metrics, trustedProxies }: ObserverParts): Observer | undefined {
  if (log === undefined && metrics === undefined) return undefined
  return Object.freeze({
    takesRequestId: trustedProxies > 0,
    ended(request: EndedRequest) {
      const { method, route, status, ms } = request
      metrics?.countRequest({ method, route, status, seconds: ms / 1000 })
      if (quietRoutes.has(route) && status < 400) return
      log?.info('request', { ...request, ms: Math.round(ms * 10) / 10 })
    },
  })
}
