/** Node, Bun and Deno, as commands; the last two are installed on demand, outside the workspaces. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../../../tools/runtimes', import.meta.url))
const bin = (name: string) => join(folder, 'node_modules', '.bin', name)

export interface Runtime {
  readonly name: string
  readonly command: string
  /** What stands before the script; Deno allows nothing but `denoFlags`. */
  readonly words: readonly string[]
}

export function runtimes(...denoFlags: string[]): readonly Runtime[] {
  const deno = ['run', '--no-prompt', '--no-config', '--no-npm', '--no-remote', ...denoFlags]
  return [
    { name: 'Node', command: process.execPath, words: [] },
    { name: 'Bun', command: bin('bun'), words: ['run'] },
    { name: 'Deno', command: bin('deno'), words: deno },
  ]
}

export function installRuntimes(): void {
  if (existsSync(bin('bun')) && existsSync(bin('deno'))) return
  console.log('Installing Bun and Deno into tools/runtimes ...')
  const shell = process.platform === 'win32'
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    ...{ cwd: folder, stdio: ['ignore', 2, 2], shell },
  })
}
