import { pino } from 'pino'
import type { LogLevel } from '../config.js'
import { describeFault, type Log } from './log.js'

const waitingLimitBytes = 1024 * 1024

const retryAfterMs = 1_000
/** Lines are written together, as many as come within that: each write costs as much as a small request. */
const gatherMs = 50
const gatherBytes = 8192

/** Where a line cannot be written, as on a full disk, it is lost with all that wait behind it, and so are those of a second. */
function openStandardOutput(): { write(line: string): void } {
  let current: ReturnType<typeof pino.destination> | undefined
  let failedAtMs = Number.NEGATIVE_INFINITY
  let isGathering = false
  /** Lines have come since the last look: some may have come too late for the write that was under way. */
  let mayWait = false
  function open() {
    const destination = pino.destination({ dest: 1, sync: false, minLength: gatherBytes, maxLength: waitingLimitBytes })
    destination.on('drain', () => {
      if (mayWait) destination.flush()
      mayWait = false
    })
    destination.on('error', () => {
      // Kept, it would try again for ever when the process ends.
      destination.destroy()
      current = undefined
      failedAtMs = performance.now()
    })
    return destination
  }
  function gather(): void {
    if (isGathering) return
    isGathering = true
    setTimeout(() => {
      isGathering = false
      current?.flush()
    }, gatherMs).unref()
  }
  return {
    write(line) {
      if (performance.now() - failedAtMs < retryAfterMs) return
      current ??= open()
      current.write(line)
      mayWait = true
      gather()
    },
  }
}

/**
 * Makes a log of JSON lines, one an event, on standard output or where `destination` says: `level`, `time` (RFC 3339, UTC),
 * `pid`, `msg` and the facts. A reader that has stopped reading holds nothing up: past a mebibyte of lines that wait, more are
 * dropped.
 */
export function createJsonLog(level: LogLevel, destination: { write(line: string): void } = openStandardOutput()): Log {
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // Not pino's own: it writes every member of an error, and errors of databases hold the values of a query.
      serializers: { err: describeFault },
    },
    destination,
  )
  return Object.freeze({
    info: (message, facts = {}) => logger.info(facts, message),
    warn: (message, facts = {}) => logger.warn(facts, message),
    error: (message, facts = {}) => logger.error(facts, message),
  } satisfies Log)
}
