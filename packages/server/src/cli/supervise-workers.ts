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
  /** How long a worker may take to end. */
  readonly stopMs: number
  readonly log: Log
  /** Called once all of them listen. */
  readonly announce: () => void
}

/** A worker that ends by itself is replaced after this long, and after longer each time that it does not live for a while. */
const restartMs = { least: 100, most: 10_000, livedLong: 30_000 }

/**
 * Runs this command line in several processes that share its port, until it is asked to stop; then each ends its requests. A
 * worker that ends by itself is replaced.
 *
 * @throws CommandError when the first worker cannot start, which has said why.
 */
export async function superviseWorkers(options: WorkerOptions): Promise<void> {
  const { workers, metricsPort, stopMs, log, announce } = options
  let isStopping = false
  const living = new Set<Worker>()

  function tellToStop(worker: Worker): void {
    // One that has had a signal of its own may be about to exit.
    if (worker.isConnected()) worker.send(stopMessage)
  }

  function start(): { readonly listening: Promise<boolean>; readonly ended: Promise<void> } {
    const worker = cluster.fork()
    living.add(worker)
    const ended = new Promise<void>((resolve) => {
      worker.once('exit', (code, signal) => {
        living.delete(worker)
        if (!isStopping) log.error('a worker ended', { worker: worker.process.pid, exit: signal ?? code })
        resolve()
      })
      worker.on('error', (error) => {
        log.error('a worker cannot be started, or told to stop', { err: error })
        if (worker.process.pid !== undefined) return
        // It never was.
        living.delete(worker)
        resolve()
      })
    })
    // One that was starting when all were told did not hear it.
    worker.once('listening', () => isStopping && tellToStop(worker))
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
      try {
        current = start()
      } catch (error) {
        log.error('a worker cannot be started', { err: error })
        current = { ended: Promise.resolve() }
      }
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
  for (const worker of living) tellToStop(worker)
  const hurry = setTimeout(() => {
    for (const worker of living) worker.process.kill('SIGKILL')
  }, stopMs)
  await Promise.all(running)
  clearTimeout(hurry)
  await metrics?.close()
}
