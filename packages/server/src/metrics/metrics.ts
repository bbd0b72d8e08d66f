/** What is counted and measured in one process, for Prometheus. */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type UnreadyReason, unreadyReasons } from '../health/readiness.js'
import type { HorizonHolder } from '../store/horizon.js'

export interface Metrics {
  /** `route` is the pattern of the path, never the path itself; `none` where there is no route. */
  countRequest(request: {
    readonly method: string
    readonly route: string
    readonly status: number
    readonly seconds: number
  }): void
  /** One decision about a request with or without a token: `accepted`, or the code of the refusal. */
  countDecision(outcome: string): void
  countSwept(table: string, rows: number): void
  /** What became of a message of webhooks, or of a try. */
  countDelivery(outcome: DeliveryOutcome): void
  /** Everything, in Prometheus' text format. */
  text(): Promise<string>
}

/** `failed` is one try, after which there are more. */
export type DeliveryOutcome = 'delivered' | 'failed' | 'given_up'

/** What is read when somebody asks. Undefined: not known at this moment, and then left out. */
export interface MetricSources {
  readonly version: string
  feedAgeSeconds(): number | undefined
  tokenCache(): { readonly hits: number; readonly misses: number }
  revocations(): number
  hashing(): { readonly running: number; readonly waiting: number }
  signingKeyAgeSeconds(): number | undefined
  clockOffsetSeconds(): number
  unreadyReasons(): readonly UnreadyReason[]
  /** The transaction of the database that keeps rows of the feed unsettled. */
  horizon(): Promise<HorizonHolder | undefined>
  /** Messages of webhooks that wait to be sent. */
  deliveriesWaiting(): Promise<number | undefined>
}

const horizonFromSeconds = 5
/** Of methods that are no routes' own only this much is told apart: a client may invent any. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Makes the metrics of this process. With `isWorker` the primary process of its cluster can ask for them. */
export function createMetrics(sources: MetricSources, isWorker: boolean): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const requests = new Counter({
    name: 'latchkey_http_requests_total',
    help: 'Requests answered, by route and status',
    labelNames: ['method', 'route', 'status'],
    registers,
  })
  const durations = new Histogram({
    name: 'latchkey_http_request_duration_seconds',
    help: 'From the request to the end of its handler, by route',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const decisions = new Counter({
    name: 'latchkey_decisions_total',
    help: 'Decisions of the guards of this process: accepted, anonymous, or the code of the refusal',
    labelNames: ['outcome'],
    registers,
  })
  const swept = new Counter({
    name: 'latchkey_swept_rows_total',
    help: 'Rows removed or emptied because they had expired',
    labelNames: ['table'],
    registers,
  })
  const deliveries = new Counter({
    name: 'latchkey_webhook_deliveries_total',
    help: 'Messages of webhooks that were delivered or given up, and tries that failed',
    labelNames: ['outcome'],
    registers,
  })
  new Counter({
    name: 'latchkey_token_cache_total',
    help: 'Tokens that guards of this process found among those verified before (hit), or did not (miss)',
    labelNames: ['result'],
    registers,
    collect() {
      const { hits, misses } = sources.tokenCache()
      this.reset()
      this.inc({ result: 'hit' }, hits)
      this.inc({ result: 'miss' }, misses)
    },
  })
  addGauges(registers, sources)
  if (isWorker) {
    AggregatorRegistry.setRegistries(registers)
    // Begins to listen to the primary process.
    new AggregatorRegistry()
  }

  return Object.freeze({
    countRequest({ method, route, status, seconds }) {
      requests.inc({ method: methods.has(method) ? method : 'other', route, status })
      durations.observe({ route }, seconds)
    },
    countDecision: (outcome) => decisions.inc({ outcome }),
    countSwept: (table, rows) => swept.inc({ table }, rows),
    countDelivery: (outcome) => deliveries.inc({ outcome }),
    text: () => registry.metrics(),
  } satisfies Metrics)
}

type Aggregator = 'sum' | 'max' | 'min' | 'first'

function addGauges(registers: Registry[], sources: MetricSources): void {
  /** `aggregator`: how the figures of several workers become one. */
  function gauge(name: string, help: string, aggregator: Aggregator, read: () => number | undefined): void {
    new Gauge({
      name,
      help,
      aggregator,
      registers,
      collect() {
        const value = read()
        this.reset()
        if (value !== undefined) this.set(value)
      },
    })
  }
  gauge('latchkey_feed_age_seconds', 'How old the copy of the revocations is', 'max', sources.feedAgeSeconds)
  gauge('latchkey_revocations', 'Revocations in memory', 'max', sources.revocations)
  gauge('latchkey_hashing_running', 'Passwords that are hashed at this moment', 'sum', () => sources.hashing().running)
  gauge('latchkey_hashing_waiting', 'Logins that wait for their turn', 'sum', () => sources.hashing().waiting)
  gauge(
    'latchkey_signing_key_age_seconds',
    'For how long the key that signs has signed',
    'max',
    sources.signingKeyAgeSeconds,
  )
  gauge('latchkey_clock_offset_seconds', 'The time of the store less that of this machine', 'max', () =>
    sources.clockOffsetSeconds(),
  )
  gauge('latchkey_ready', '1 when /readyz answers 200', 'min', () => (sources.unreadyReasons().length === 0 ? 1 : 0))
  new Gauge({
    name: 'latchkey_unready',
    help: 'Why /readyz answers 503: 1 for each reason that holds',
    labelNames: ['reason'],
    aggregator: 'max',
    registers,
    collect() {
      const current = sources.unreadyReasons()
      for (const reason of unreadyReasons) this.set({ reason }, current.includes(reason) ? 1 : 0)
    },
  })
  new Gauge({
    name: 'latchkey_feed_horizon_seconds',
    help: 'For how long a transaction of the database has kept rows of the feed unsettled, and which: they are read again until it ends',
    labelNames: ['pid', 'application', 'state'],
    aggregator: 'max',
    registers,
    async collect() {
      const holder = await sources.horizon()
      this.reset()
      // Shorter ones come and go all the time.
      if (holder === undefined || holder.seconds < horizonFromSeconds) return
      const { seconds, ...labels } = holder
      this.set(labels, seconds)
    },
  })
  new Gauge({
    name: 'latchkey_webhook_deliveries_waiting',
    help: 'Messages of webhooks that wait to be sent, now or later; counted to 10,000',
    aggregator: 'max',
    registers,
    async collect() {
      const count = await sources.deliveriesWaiting()
      this.reset()
      if (count !== undefined) this.set(count)
    },
  })
  new Gauge({
    name: 'latchkey_build_info',
    help: 'The version',
    labelNames: ['version'],
    aggregator: 'first',
    registers,
  }).set({ version: sources.version }, 1)
}
