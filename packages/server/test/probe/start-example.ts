/** A program of examples/ on ports of its own, as a process. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { freePort } from '../../../query/test/postgres.js'
import { type Process, startProcess, untilListens } from '../start-process.js'

const root = fileURLToPath(new URL('../../../..', import.meta.url))

export interface Ports {
  /** In the place of 3000. */
  readonly port: number
  /** In the place of 4000. */
  readonly serverPort: number
}

/** Once `listens` takes connections; ended after the tests of the file. Its data lie in `folder`. */
export async function startExample(folder: string, name: string, ports: Ports, listens: number): Promise<void> {
  const file = writeExample(folder, name, ports)
  const started = startProcess(process.execPath, [file], { folder })
  running.push(started)
  await untilListens(started, listens)
}

// A hook that a test adds while it runs is never called.
const running: Process[] = []
afterAll(async () => {
  for (const started of running) await started.end()
})

export async function freePorts(): Promise<Ports> {
  return { port: await freePort(), serverPort: await freePort() }
}

function writeExample(folder: string, name: string, { port, serverPort }: Ports): string {
  mkdirSync(folder, { recursive: true })
  if (!existsSync(join(folder, 'node_modules'))) symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const code = readFileSync(join(root, 'examples', name), 'utf8')
  const moved = code.replaceAll(/\b3000\b/g, String(port)).replaceAll(/\b4000\b/g, String(serverPort))
  const file = join(folder, basename(name))
  writeFileSync(file, moved)
  return file.endsWith('.ts') ? compile(folder, file) : file
}

function compile(folder: string, file: string): string {
  const words = ['--module', 'nodenext', '--target', 'es2023', '--types', 'node', '--skipLibCheck']
  const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata']
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [tsc, ...words, ...decorators, file], { cwd: folder, stdio: 'pipe' })
  return file.replace(/ts$/, 'js')
}
