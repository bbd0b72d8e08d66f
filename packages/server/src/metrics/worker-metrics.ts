import { AggregatorRegistry } from 'prom-client'

/** In the primary process of a cluster: the metrics of all workers together, in Prometheus' text format. */
export function createWorkerMetrics(): () => Promise<string> {
  const registry = new AggregatorRegistry()
  return () => registry.clusterMetrics()
}
