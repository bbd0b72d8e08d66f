import cluster, { type Worker } from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log/log.js'
import { startMetricsServer } from '../metrics/metrics-server.js'
import { createWorkerMetrics } from '../metrics/worker-metrics.js'
import { CommandError } from './command-io.js'
import { stopMessage, untilAskedToStop } from './until-asked-to-stop.js'

export interface WorkerOptions {
  readonly workers: number
  readonly metricsPort: number | undefined
  /** How long a worker may take to end its requests. */
  readonly graceMs: number
  readonly log: Log
  /** Called once all of them listen. */
  readonly announce: () => void
}

const killAfterGraceMs = 2_000
/** A worker that ends by itself is replaced after this long, and after longer each time that it does not live for a while. */
const restartMs = { least: 100, most: 10_000, livedLong: 30_000 }

/**
 * Runs this command line in several processes that share its port, until it is asked to stop; then each ends its requests. A
 * worker that ends by itself is replaced.
 *
 * @throws CommandError when the first worker cannot start, which has said why.
 */
export async function superviseWorkers(options: WorkerOptions): Promise<void> {
  const { workers, metricsPort, graceMs, log, announce } = options
  let isStopping = false
  const living = new Set<Worker>()

  function start(): { readonly listening: Promise<boolean>; readonly ended: Promise<void> } {
    const worker = cluster.fork()
    living.add(worker)
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', (code, signal) => {
        living.delete(worker)
        if (!isStopping) log.error('a worker ended', { worker: worker.process.pid, exit: signal ?? code })
        resolve()
      })
    })
    const listening = Promise.race([
      new Promise<boolean>((resolve) => worker.once('listening', () => resolve(true))),
      ended.then(() => false),
    ])
    return { listening, ended }
  }

  async function keepRunning(first: { readonly ended: Promise<void> }): Promise<void> {
    let current = first
    for (let waitMs = restartMs.least; ; ) {
      const startedAtMs = performance.now()
      await current.ended
      if (isStopping) return
      const livedLong = performance.now() - startedAtMs > restartMs.livedLong
      waitMs = livedLong ? restartMs.least : Math.min(waitMs * 2, restartMs.most)
      await sleep(waitMs)
      if (isStopping) return
      current = start()
    }
  }

  const asked = untilAskedToStop()
  const metrics = metricsPort === undefined ? undefined : await startMetricsServer(metricsPort, createWorkerMetrics())
  // One before the others: it makes and migrates the database, and what is wrong is said once.
  const first = start()
  if (!(await first.listening)) throw new CommandError('The first worker could not start.')
  const others = Array.from({ length: workers - 1 }, start)
  const running = [first, ...others].map(keepRunning)
  await Promise.all(others.map(({ listening }) => listening))
  announce()
  log.info('stopping', { asked: await asked })
  isStopping = true
  for (const worker of living) worker.send(stopMessage)
  const hurry = setTimeout(() => {
    for (const worker of living) worker.process.kill('SIGKILL')
  }, graceMs + killAfterGraceMs)
  await Promise.all(running)
  clearTimeout(hurry)
  await metrics?.close()
}
