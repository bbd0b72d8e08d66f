/** What few tests need and nobody else: projects of their own in tools/, outside the workspaces, installed on demand. */
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const tools = fileURLToPath(new URL('../../../tools', import.meta.url))
const files = ['package.json', 'package-lock.json', '.npmrc']

/**
 * The folder of a project in tools/, with what its lock file names in `node_modules`. To be called at import, before any test's
 * time runs. Test files run side by side: it is installed elsewhere first, and none sees half of it.
 */
export function installTool(name: string): string {
  const folder = join(tools, name)
  const target = join(folder, 'node_modules')
  const lock = hash('sha256', readFileSync(join(folder, 'package-lock.json')))
  if (isInstalled(target, lock)) return folder
  console.log(`Installing tools/${name} ...`)
  const place = mkdtempSync(join(folder, '.installing-'))
  try {
    for (const file of files) cpSync(join(folder, file), join(place, file))
    const words = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', words, { cwd: place, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
    writeFileSync(stampIn(join(place, 'node_modules')), lock)
    if (!isInstalled(target, lock)) replace(target, join(place, 'node_modules'), join(place, 'before'))
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
  return folder
}

const stampIn = (modules: string) => join(modules, '.lock-hash')

function isInstalled(target: string, lock: string): boolean {
  return existsSync(stampIn(target)) && readFileSync(stampIn(target), 'utf8') === lock
}

function replace(target: string, made: string, before: string): void {
  if (existsSync(target)) renameSync(target, before)
  try {
    renameSync(made, target)
  } catch (error) {
    // Somebody else was quicker, with the same.
    if (!existsSync(target)) throw error
  }
}
