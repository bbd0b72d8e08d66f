/** Processes whose start and memory are looked at. */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { serve, startProcess } from '../../start-process.js'

export interface TimedServer {
  readonly url: string
  /** From its start to its first answer. */
  readonly seconds: number
  usage(): Usage
  end(): Promise<unknown>
}

/** Not numbers where the system does not tell. */
export interface Usage {
  /** Resident at this moment, and at most until now. */
  readonly megabytes: number
  readonly greatestMegabytes: number
  /** Of computing, however many others computed at that time. */
  readonly cpuSeconds: number
}

/** `latchkey serve`, once it has answered. */
export async function startTimedServer(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<TimedServer> {
  const began = performance.now()
  const server = await serve({ folder, environment })
  const { ok } = await fetch(`${server.url}/.well-known/jwks.json`)
  if (!ok) throw new Error('The server did not answer its keys')
  return {
    url: server.url,
    seconds: (performance.now() - began) / 1000,
    usage: () => usageOf(server.child.pid as number),
    end: () => server.end(),
  }
}

/** Runs a script of this folder to its end; what it prints is JSON. */
export async function runScript(name: string, args: readonly string[]): Promise<unknown> {
  const script = fileURLToPath(new URL(name, import.meta.url))
  const { ended, output } = startProcess(process.execPath, ['--expose-gc', script, ...args], { folder: tmpdir() })
  if ((await ended) !== 0) throw new Error(`${name} failed: ${output.error}`)
  return JSON.parse(output.out)
}

const ticksPerSecond = 100

export function usageOf(pid: number): Usage {
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
