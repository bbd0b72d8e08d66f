/** A server as it is deployed: a process of its own, started by its command line. */
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { repository } from './examples.js'

/** `latchkey` as npm installs it. */
export const latchkeyCommand = join(repository, 'node_modules/.bin/latchkey')
/** The PATH of a service; this Node first. */
export const programFolders = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':')

export interface ServeProcess {
  /** The lines of its log, each a JSON object. */
  readonly log: readonly Readonly<Record<string, unknown>>[]
  /** What it said to people. */
  readonly errors: () => string
  /** Ends it, and answers its exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | string>
}

export interface ServeOptions {
  readonly environment: Readonly<Record<string, string>>
  readonly folder: string
}

/** Resolves once it serves. It must have been asked for a log alone (`--json`). */
export async function startServe(
  words: readonly string[],
  { environment, folder }: ServeOptions,
): Promise<ServeProcess> {
  const [command, ...rest] = words
  const child = spawn(command as string, rest, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  const log: Record<string, unknown>[] = []
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal as string)))
  })
  const serving = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    void ended.then((how) => reject(new Error(`${command} ended with ${how}: ${said}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.push(JSON.parse(line))
      if (log.at(-1)?.msg === 'serving') resolve()
    })
  })
  await serving
  return {
    log,
    errors: () => said,
    async end(signal) {
      child.kill(signal)
      return ended
    },
  }
}
