/** Programs as processes of their own: `latchkey serve` by its command line, and what stands around it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../query/test/postgres.js'

export const bin = fileURLToPath(new URL('../bin/latchkey.js', import.meta.url))
const startWaitMs = 20_000
/** Longer than a server takes at most. */
const endWaitMs = 20_000

export interface Process {
  readonly child: ChildProcess
  /** Everything that it said, as it stands there. */
  readonly output: { out: string; error: string }
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** By SIGSTOP: it keeps its memory and its connections, and does nothing. */
  pause(): void
  /** By SIGCONT. */
  resume(): void
  /** Sends the signal, SIGTERM by default, and SIGKILL to what hangs. Settles as `ended`. */
  end(signal?: NodeJS.Signals): Promise<number | string>
}

/** One that listens. */
export interface Listening extends Process {
  readonly url: string
}

export interface ProcessOptions {
  readonly folder: string
  /** Beside the PATH. */
  readonly environment?: Readonly<Record<string, string>>
  /** Kills the process (SIGKILL). */
  readonly killed?: AbortSignal | undefined
  /** As a user of the system; default the own one. */
  readonly user?: { readonly uid?: number; readonly gid?: number }
}

export function startProcess(command: string, words: readonly string[], options: ProcessOptions): Process {
  const { folder, environment, killed, user } = options
  const env = { PATH: process.env.PATH, ...environment }
  const child = spawn(command, words, { ...user, cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { out: '', error: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.error += text
  })
  endWithTests(child)
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? (signal as string)))
  })
  killed?.addEventListener('abort', () => child.kill('SIGKILL'))
  return {
    ...{ child, output, ended },
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async end(signal = 'SIGTERM') {
      child.kill('SIGCONT')
      child.kill(signal)
      const hurry = setTimeout(() => child.kill('SIGKILL'), endWaitMs)
      return ended.finally(() => clearTimeout(hurry))
    },
  }
}

/** What `find` finds, asked again and again for as long as a start may take. Throws with what the process said. */
export async function until<Found>(
  { child, output }: Process,
  find: () => Found | undefined | Promise<Found | undefined>,
  what: string,
): Promise<Found> {
  const deadline = performance.now() + startWaitMs
  for (;;) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null
    const found = await find()
    if (found !== undefined) return found
    if (hasEnded || performance.now() > deadline) {
      throw new Error(
        `${what} was waited for in vain, ${hasEnded ? 'it has ended' : 'it runs'}:\n${output.out}\n${output.error}`,
      )
    }
    await pause(10)
  }
}

/** Once something takes connections on that port. */
export async function untilListens(started: Process, port: number): Promise<void> {
  const attempt = () =>
    new Promise<true | undefined>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(undefined))
    })
  await until(started, attempt, `port ${port}`)
}

// biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for.
export type LogLine = Record<string, any>

export interface Serving extends Listening {
  readonly port: number
  /** The lines of the log that say so. */
  lines(msg: string): LogLine[]
  /** Settles once the log has as many of them. */
  logged(msg: string, count?: number): Promise<LogLine[]>
}

export interface ServeOptions extends ProcessOptions {
  /** Default a free one. */
  readonly port?: number
  /** After `serve --port PORT --json`. */
  readonly words?: readonly string[]
  /** Of Node. */
  readonly nodeArguments?: readonly string[]
}

/** `latchkey serve`, which need not serve yet. */
export async function startServe(options: ServeOptions): Promise<Serving> {
  const { port = await freePort(), words = [], nodeArguments = [] } = options
  const all = [...nodeArguments, bin, 'serve', '--port', String(port), '--json', ...words]
  return serving(startProcess(process.execPath, all, options), port)
}

/** The same, once it serves. */
export async function serve(options: ServeOptions): Promise<Serving> {
  return untilServes(await startServe(options))
}

/** A process whose log is that of a server on that port. */
export function serving(started: Process, port: number): Serving {
  const { output } = started
  const log: LogLine[] = []
  let readTo = 0
  function lines(msg: string): LogLine[] {
    const end = output.out.lastIndexOf('\n') + 1
    const added = output.out.slice(readTo, end).split('\n').slice(0, -1)
    readTo = end
    for (const line of added) log.push(JSON.parse(line))
    return log.filter((line) => line.msg === msg)
  }
  return {
    ...started,
    ...{ url: `http://127.0.0.1:${port}`, port, lines },
    logged: (msg, count = 1) =>
      until(started, () => (lines(msg).length < count ? undefined : lines(msg)), `"${msg}", ${count} times,`),
  }
}

export async function untilServes(server: Serving): Promise<Serving> {
  try {
    await server.logged('serving')
    return server
  } catch (error) {
    await server.end('SIGKILL')
    throw error
  }
}

const living = new Set<ChildProcess>()
const killAll = () => living.forEach((child) => void child.kill('SIGKILL'))
const onSignal = () => process.exit(143)

/** It would outlive a run that is broken off. Vitest ends its workers by SIGTERM, which alone ends a process without 'exit'. */
function endWithTests(child: ChildProcess): void {
  if (living.size === 0) {
    process.on('exit', killAll)
    process.on('SIGTERM', onSignal)
  }
  living.add(child)
  child.once('close', () => {
    living.delete(child)
    if (living.size > 0) return
    process.off('exit', killAll)
    process.off('SIGTERM', onSignal)
  })
}
