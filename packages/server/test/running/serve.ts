/** `latchkey serve` as a process of its own, and what it says. */
import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { freePort } from '../../../query/test/postgres.js'

const bin = fileURLToPath(new URL('../../bin/latchkey.js', import.meta.url))

// biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for.
export type LogLine = Record<string, any>

export interface Serving {
  readonly url: string
  readonly port: number
  readonly child: ChildProcess
  /** Everything that it said, as it stands there. */
  readonly output: { out: string; error: string }
  /** The lines of the log that say so. */
  lines(msg: string): LogLine[]
  /** Settles once the log has as many of them. */
  logged(msg: string, count?: number): Promise<LogLine[]>
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
}

export interface ServeOptions {
  readonly folder: string
  readonly words?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly port?: number
}

/** Starts it with `--json`; it ends with the test at the latest. */
export async function startServe({ folder, words = [], environment = {}, port }: ServeOptions): Promise<Serving> {
  const own = port ?? (await freePort())
  const child = spawn(process.execPath, [bin, 'serve', '--port', String(own), '--json', ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { out: '', error: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.error += text
  })
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  const lines = (msg: string) =>
    output.out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine)
      .filter((line) => line.msg === msg)
  return {
    ...{ url: `http://127.0.0.1:${own}`, port: own, child, output, lines, ended },
    async logged(msg, count = 1) {
      const until = performance.now() + 15_000
      while (lines(msg).length < count) {
        if (performance.now() > until || child.exitCode !== null) {
          throw new Error(`the log has not ${count} times "${msg}":\n${output.out}\n${output.error}`)
        }
        await pause(10)
      }
      return lines(msg)
    },
  }
}

/** The same, once it serves. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const serving = await startServe(options)
  await serving.logged('serving')
  return serving
}
