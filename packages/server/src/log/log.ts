/** What whoever runs the server should hear of; never with a credential. */

export type LogFacts = Readonly<Record<string, unknown>>

export interface Log {
  /** The ordinary course of things. */
  info(message: string, facts?: LogFacts): void
  /** Something that heals by itself, or did. */
  warn(message: string, facts?: LogFacts): void
  /** A fault of the server's own, or something that somebody must see to. The fact `err` is what was thrown. */
  error(message: string, facts?: LogFacts): void
}

/** Makes a log of readable lines without the ordinary course of things: for a server inside an application. */
export function createPlainLog(write: (line: string) => void): Log {
  const line = (message: string, facts: LogFacts = {}) => {
    const { err, ...others } = facts
    const described = Object.entries(others).map(([name, value]) =>
      value === undefined ? '' : ` ${name}=${text(value)}`,
    )
    write(`latchkey: ${message}${described.join('')}${err === undefined ? '' : `: ${describeFault(err)}`}`)
  }
  return Object.freeze({ info() {}, warn: line, error: line })
}

/** For a command that says by itself what it has to say. */
export const silentLog: Log = Object.freeze({ info() {}, warn() {}, error() {} })

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The error, its stack, and what caused it. */
export function describeFault(fault: unknown): string {
  const lines: string[] = []
  for (let one = fault, depth = 0; one !== undefined && depth < 5; depth++) {
    lines.push(one instanceof Error ? (one.stack ?? one.message) : 'something that is no Error was thrown')
    one = one instanceof Error ? one.cause : undefined
  }
  return lines.join('\ncaused by: ')
}
