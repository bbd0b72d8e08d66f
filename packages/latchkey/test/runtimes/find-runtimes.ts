/** Node, the newest Node, Bun and Deno, as commands; all but the first are installed on demand, outside the workspaces. */
import { join } from 'node:path'
import process from 'node:process'
import { installTool } from '../install-tool.js'

const folder = installTool('runtimes')
const bin = (name: string) => join(folder, 'node_modules', '.bin', name)

export const newestNode = bin('node')

export interface Runtime {
  readonly name: string
  readonly command: string
  /** What stands before the script; Deno allows nothing but `denoFlags`. */
  readonly words: readonly string[]
}

export function runtimes(...denoFlags: string[]): readonly Runtime[] {
  const deno = ['run', '--no-prompt', '--no-config', '--no-npm', '--no-remote', ...denoFlags]
  return [
    { name: `Node ${process.versions.node}`, command: process.execPath, words: [] },
    { name: 'the newest Node', command: newestNode, words: [] },
    { name: 'Bun', command: bin('bun'), words: ['run'] },
    { name: 'Deno', command: bin('deno'), words: deno },
  ]
}
