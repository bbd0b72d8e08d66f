// Every file that docs/asvs.md names exists, and each row names one, does not apply, or is open. Usage: check-asvs [root]
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readText } from './lib/files.mjs'
import { report, root } from './lib/report.mjs'

const page = 'docs/asvs.md'
const problems = []
const lines = existsSync(join(root, page)) ? readText(join(root, page)).split('\n') : []
if (lines.length === 0) problems.push(`${page} is missing`)

const named = new Set()
let rows = 0
for (const [index, line] of lines.entries()) {
  const at = `${page}:${index + 1}`
  const files = [...fileNames(line), ...linkTargets(line)]
  for (const file of files) {
    named.add(file)
    if (!isFile(file)) problems.push(`${at} names ${file}, which does not exist`)
  }
  const [, id, shown] = /^\| ([VT]\d[^|]*) \|.*\| ([^|]*) \|$/.exec(line) ?? []
  if (id === undefined) continue
  rows++
  if (fileNames(line).length > 0 || /do(?:es)? not apply|\*\*open\*\*/.test(shown)) continue
  problems.push(`${at} ${id} names no test; allowed: a file, "does not apply" or **open**`)
}
report('asvs', problems, `${rows} rows, ${named.size} files that exist`)

// Below packages/ unless they begin with `tools`, as the page says.
function fileNames(line) {
  return [...line.matchAll(/`([\w-]+\/[\w./-]+\.(?:ts|mjs|js))`/g)].map(([, name]) =>
    name.startsWith('tools/') ? name : `packages/${name}`,
  )
}

function linkTargets(line) {
  return [...line.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) => join(dirname(page), target))
}

function isFile(path) {
  return existsSync(join(root, path)) && statSync(join(root, path)).isFile()
}
