import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const skipped = new Set(['node_modules', 'dist', 'bundle', 'data', '.git'])

// Paths below `folder`, with forward slashes, sorted. What is installed, built or stored is left out.
export function filesIn(folder, skip = skipped) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      if (skip.has(entry.name)) return []
      if (!entry.isDirectory()) return [entry.name]
      return filesIn(join(folder, entry.name), skip).map((path) => `${entry.name}/${path}`)
    })
    .sort()
}

// [{ folder, manifest }] of every package of the workspace.
export function packagesIn(root) {
  const folder = join(root, 'packages')
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .filter((name) => existsSync(join(folder, name, 'package.json')))
    .map((name) => ({ folder: name, manifest: readJson(join(folder, name, 'package.json')) }))
}

export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

export function readText(path) {
  return readFileSync(path, 'utf8')
}
