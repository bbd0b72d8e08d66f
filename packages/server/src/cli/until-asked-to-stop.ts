import cluster from 'node:cluster'

/** What a primary process says to its workers. */
export const stopMessage = 'stop'

/**
 * Settles with what asked for the end: a signal, or for a worker its primary process. A second signal ends a process at once,
 * as signals do, but not a worker: service managers send one to all processes, and the primary process asks as well.
 */
export function untilAskedToStop(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      if (cluster.isWorker) process.on(signal, resolve)
      else process.once(signal, resolve)
    }
    if (cluster.isWorker) process.on('message', (message) => message === stopMessage && resolve('primary process'))
  })
}
