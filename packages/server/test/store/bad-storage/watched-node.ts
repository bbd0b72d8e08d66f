/** A server, and what whoever runs it sees beside its log: /readyz and the metrics. */
import { expect } from 'vitest'
import { freePort } from '../../../../query/test/postgres.js'
import type { LatchkeyConfig } from '../../../src/config.js'
import { ask, type Node, startNode } from '../../server.js'
import type { TestDatabase } from '../test-store.js'

export interface WatchedNode extends Node {
  /** Why /readyz answers 503; empty when it answers 200. */
  reasons(): Promise<readonly string[]>
  /** The reasons for which `latchkey_unready` is 1. */
  gaugedReasons(): Promise<readonly string[]>
  /** One figure, by its name with its labels; undefined where there is none. */
  metric(series: string): Promise<number | undefined>
  /** How many requests of this route were answered with 503. */
  refusals(method: string, route: string): Promise<number | undefined>
}

export async function startWatchedNode(database: TestDatabase, config: LatchkeyConfig = {}): Promise<WatchedNode> {
  const metricsPort = await freePort()
  const node = await startNode(database, { ...config, metricsPort })
  async function lines(): Promise<readonly string[]> {
    return (await ask(`http://127.0.0.1:${metricsPort}`, 'GET', '/metrics')).text.split('\n')
  }
  async function metric(series: string): Promise<number | undefined> {
    const line = (await lines()).find((one) => one.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length + 1))
  }
  return {
    ...node,
    ...{ metric, refusals: (method, route) => metric(requests(method, route, 503)) },
    async reasons() {
      const { status, json } = await ask(node.url, 'GET', '/readyz')
      expect(status).toBe(json.reasons === undefined ? 200 : 503)
      return json.reasons ?? []
    },
    async gaugedReasons() {
      const found = (await lines()).map((line) => /^latchkey_unready\{reason="(\w+)"\} 1$/.exec(line)?.[1])
      return found.filter((reason) => reason !== undefined)
    },
  }
}

const requests = (method: string, route: string, status: number) =>
  `latchkey_http_requests_total{method="${method}",route="${route}",status="${status}"}`
