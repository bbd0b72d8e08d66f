import { createServer } from 'node:http'
import { StartError } from '../store/start-error.js'

/** Prometheus' text format. */
const contentType = 'text/plain; version=0.0.4; charset=utf-8'

export interface MetricsServer {
  close(): Promise<void>
}

/**
 * Answers GET /metrics with `text`, on 127.0.0.1 alone: whoever may read them is on this machine.
 * @throws StartError when that port cannot be listened on.
 */
export async function startMetricsServer(port: number, text: () => Promise<string>): Promise<MetricsServer> {
  const server = createServer(async (request, response) => {
    const path = request.url?.split('?')[0]
    if (path !== '/metrics') return void response.writeHead(404).end()
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    }
    try {
      const body = await text()
      response.writeHead(200, { 'content-type': contentType }).end(body)
    } catch {
      // A worker that did not answer in time: Prometheus marks the scrape as failed, and tries again.
      response.writeHead(503).end()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => {
      const why = error.code === 'EADDRINUSE' ? 'it is taken' : error.code
      reject(new StartError('metrics_port_unusable', `Metrics cannot be served on port ${port}: ${why}.`, error))
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  // It holds no process open.
  server.unref()
  return Object.freeze({
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  })
}
