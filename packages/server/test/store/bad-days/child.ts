/** Processes of the test's own: servers and services that can be stopped and go on. */
import { spawn } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../../query/test/postgres.js'

export interface Child {
  readonly url: string
  /** By SIGSTOP: it keeps its memory and its connections, and does nothing. */
  pause(): void
  /** By SIGCONT. */
  resume(): void
  /** Settles when the process is gone, for whatever reason. */
  readonly ended: Promise<void>
  end(): Promise<void>
}

export interface StartOptions {
  /** Default a free one. */
  readonly port?: number
  /** Kills the process (SIGKILL), before it listens or later. */
  readonly killed?: AbortSignal
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** `latchkey serve`, once it listens. */
export async function startServer(
  folder: string,
  environment: Readonly<Record<string, string>>,
  options: StartOptions = {},
): Promise<Child> {
  const { port = await freePort(), killed } = options
  const args = [path('../../../bin/latchkey.js'), 'serve', '--port', String(port), '--json']
  return startChild(args, folder, environment, () => port, killed)
}

/** A service with a guard, once that is ready. */
export function startService(folder: string, server: string, issuer: string): Promise<Child> {
  return startChild([path('guarded-service.mjs'), server, issuer], folder, {}, Number)
}

async function startChild(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
  portOf: (said: string) => number,
  killed?: AbortSignal,
): Promise<Child> {
  const env = { PATH: process.env.PATH, ...environment }
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] })
  // It would outlive a run that is broken off. Vitest ends its workers by SIGTERM, which alone ends a process without 'exit'.
  const onExit = () => child.kill('SIGKILL')
  const onSignal = () => process.exit(143)
  process.once('exit', onExit)
  process.once('SIGTERM', onSignal)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      process.off('exit', onExit)
      process.off('SIGTERM', onSignal)
      resolve()
    })
  })
  killed?.addEventListener('abort', onExit)
  const said = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk)))
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code} before it listened`)))
  })
  return {
    url: `http://127.0.0.1:${portOf(said)}`,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    ended,
    async end() {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const hurry = setTimeout(() => child.kill('SIGKILL'), 5000)
      await ended
      clearTimeout(hurry)
    },
  }
}
