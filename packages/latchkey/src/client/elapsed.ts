/**
 * Starts a watch; it answers the milliseconds since. The larger of two clocks, since one of them stands still while a device
 * sleeps and the other may be set. `wallMs` is an earlier reading of `Date.now()`.
 */
export function startWatch(wallMs: number = Date.now()): () => number {
  const startMs = performance.now()
  return () => Math.max(performance.now() - startMs, Date.now() - wallMs)
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Stops waiting when the signal says so; the work itself, which others may wait for too, goes on. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
