/**
 * Loaded before a program (`node --expose-gc --import tell-memory.mjs ...`): at each SIGUSR2 the process collects its garbage and
 * prints a line of JSON with its memory in bytes, how many files it has open (where /proc tells), and how late its event loop was
 * at most since the line before, in milliseconds.
 */
import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'

// The threads of a program load it, too.
if (isMainThread) {
  const resolution = 10
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  process.on('SIGUSR2', () => {
    // Before the garbage: that stops the loop, too, but nobody else does so.
    const loopDelayMs = Math.max(0, delay.max / 1e6 - resolution)
    globalThis.gc()
    const { rss, heapUsed } = process.memoryUsage()
    const files = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : undefined
    process.stdout.write(`${JSON.stringify({ msg: 'memory', rss, heapUsed, files, loopDelayMs })}\n`)
    setImmediate(() => delay.reset())
  })
}
