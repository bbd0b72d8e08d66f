import { setTimeout as sleep } from 'node:timers/promises'
import type { HashingQueue } from '../accounts/hashing-queue.js'
import { readVersion } from '../config/version.js'
import type { Readiness } from '../health/readiness.js'
import type { MetricSources, Metrics } from '../metrics/metrics.js'
import type { SigningKeys } from '../signing-keys/signing-keys.js'
import type { Store } from '../store/store.js'
import { countWaiting } from '../webhooks/delivery-rows.js'
import type { Endpoint } from '../webhooks/endpoint.js'

export interface MetricParts {
  readonly store: Store
  readonly revocations: { ageMs(): number | undefined; readonly size: number }
  readonly queue: HashingQueue
  readonly signingKeys: Pick<SigningKeys, 'signingSince'>
  readonly readiness: Readiness
  readonly endpoints: readonly Endpoint[]
  readonly tokenCache: MetricSources['tokenCache']
  /** The primary process of a cluster asks for them. */
  readonly isWorker: boolean
}

const queryWaitMs = 1_000
const after = (ms: number) => sleep(ms, undefined, { ref: false })

/** While the database is away or slow nobody can say, and the rest must be told all the same. */
const known = <Answer>(asked: Promise<Answer>): Promise<Answer | undefined> =>
  Promise.race([asked.catch(() => undefined), after(queryWaitMs)])

/** Makes the metrics of this process. Loaded only where somebody wants them. */
export async function openMetrics(parts: MetricParts): Promise<Metrics> {
  const { store, revocations, queue, signingKeys, readiness, endpoints, tokenCache, isWorker } = parts
  const { createMetrics } = await import('../metrics/metrics.js')
  const since = () => signingKeys.signingSince(store.now())
  const inSeconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000)
  const sources: MetricSources = {
    version: readVersion(),
    feedAgeSeconds: () => inSeconds(revocations.ageMs()),
    revocations: () => revocations.size,
    tokenCache,
    hashing: queue.load,
    signingKeyAgeSeconds() {
      const from = since()
      return from === undefined ? undefined : store.now() - from
    },
    clockOffsetSeconds: () => store.clockOffsetMs() / 1000,
    unreadyReasons: readiness.reasons,
    horizon: () => known(store.readHorizon()),
    deliveriesWaiting: async () =>
      endpoints.length === 0
        ? undefined
        : known(
            countWaiting(
              store,
              endpoints.map(({ key }) => key),
            ),
          ),
  }
  return createMetrics(sources, isWorker)
}
