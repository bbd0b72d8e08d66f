/** Processes whose start and memory are looked at. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../../query/test/postgres.js'

export interface TimedServer {
  readonly url: string
  /** From its start to its first answer. */
  readonly seconds: number
  usage(): Usage
  end(): Promise<void>
}

/** Not numbers where the system does not tell. */
export interface Usage {
  /** Resident at this moment, and at most until now. */
  readonly megabytes: number
  readonly greatestMegabytes: number
  /** Of computing, however many others computed at that time. */
  readonly cpuSeconds: number
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** `latchkey serve`, once it has answered. */
export async function startTimedServer(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<TimedServer> {
  const port = await freePort()
  const began = performance.now()
  const child = spawn(process.execPath, [path('../../../bin/latchkey.js'), 'serve', '--port', String(port), '--json'], {
    ...{ cwd: folder, env: { PATH: process.env.PATH, ...environment } },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const onExit = () => child.kill('SIGKILL')
  process.once('exit', onExit)
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), ended])
  const url = `http://127.0.0.1:${port}`
  const { ok } = await fetch(`${url}/.well-known/jwks.json`)
  if (!ok) throw new Error('The server did not answer its keys')
  return {
    url,
    seconds: (performance.now() - began) / 1000,
    usage: () => usageOf(child.pid as number),
    async end() {
      process.off('exit', onExit)
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Runs a script of this folder to its end; what it prints is JSON. */
export async function runScript(name: string, args: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, ['--expose-gc', path(name), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const onExit = () => child.kill('SIGKILL')
  process.once('exit', onExit)
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  process.off('exit', onExit)
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  return JSON.parse(said)
}

const ticksPerSecond = 100

function usageOf(pid: number): Usage {
  if (process.platform !== 'linux') {
    return { megabytes: Number.NaN, greatestMegabytes: Number.NaN, cpuSeconds: Number.NaN }
  }
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
  // After the name of the program, which may hold spaces: the 14th and 15th of all fields.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  return { megabytes: megabytes('VmRSS'), greatestMegabytes: megabytes('VmHWM'), cpuSeconds }
}
