// Small rules about files: length, the lock file, exact versions. Usage: check-files [root]
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { filesIn, packagesIn, readText } from './lib/files.mjs'
import { report, root } from './lib/report.mjs'

const maxLines = 400
const problems = []

const sources = filesIn(root).filter((path) => path.endsWith('.ts'))
for (const path of sources) {
  const lines = readText(join(root, path)).replace(/\n$/, '').split('\n').length
  if (lines > maxLines) problems.push(`${path}:${lines} is ${lines} lines long; allowed: ${maxLines}`)
}

const lock = join(root, 'package-lock.json')
for (const [index, line] of (existsSync(lock) ? readText(lock) : '').split('\n').entries()) {
  if (line.includes('"resolved": "http')) {
    problems.push(
      `package-lock.json:${index + 1} holds ${line.trim()}; allowed: no address (omit-lockfile-registry-resolved)`,
    )
  }
}

// Peers may be ranges: they are the application's choice.
for (const { folder, manifest } of packagesIn(root)) {
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
      if (/^(npm:[\w-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) continue
      problems.push(`packages/${folder}/package.json asks for ${name} ${version}; allowed: one exact version`)
    }
  }
}

report('files', problems, `${sources.length} TypeScript files of at most ${maxLines} lines, exact versions`)
