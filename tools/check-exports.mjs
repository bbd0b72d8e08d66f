// What documents and examples import exists, and our types need nobody else's. Usage: check-exports [root]
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { parseSync } from 'oxc-parser'
import { codeBlocks } from './lib/code-blocks.mjs'
import { filesIn, packagesIn, readText } from './lib/files.mjs'
import { readImports } from './lib/read-imports.mjs'
import { report, repository, root } from './lib/report.mjs'

const packages = new Map(
  packagesIn(root).map(({ folder, manifest }) => [
    manifest.name,
    { ...manifest, folder: join(root, 'packages', folder) },
  ]),
)
const clause = String.raw`(?:type\s+)?(?:[\w$]+\s*,?\s*)?(?:\{[^{}]*\}|\*(?:\s+as\s+[\w$]+)?)?\s*from\s*|`
const quoted = String.raw`(?:'[^'\n]+'|"[^"\n]+")`
const statement = new RegExp(
  String.raw`^[ \t]*(?:import|export)\s+(?:${clause})${quoted}|\b(?:import|require)\(\s*${quoted}\s*\)`,
  'gm',
)
const problems = []
const valuesOf = new Map()
let count = 0

for (const { path, code, firstLine } of codeOfDocuments()) {
  for (const match of code.matchAll(statement)) {
    const line = firstLine + code.slice(0, match.index).split('\n').length - 1
    for (const found of importsIn(match[0].trim(), `${path}:${line}`)) await checkImport(found, `${path}:${line}`)
  }
}
checkTypes('latchkey', ['hono'])
report('exports', problems, `${count} imports in documents and examples exist, types stand alone`)

function* codeOfDocuments() {
  const documents = filesIn(root).filter((path) => /^(README[^/]*|docs\/.*|packages\/[^/]+\/README)\.md$/.test(path))
  for (const path of documents) {
    for (const { code, line } of codeBlocks(readText(join(root, path)))) yield { path, code, firstLine: line }
  }
  const examples = filesIn(root).filter((path) => /^examples\/.*\.[cm]?[jt]sx?$/.test(path))
  for (const path of examples) yield { path, code: readText(join(root, path)), firstLine: 1 }
}

function importsIn(text, place) {
  try {
    return readImports(text, 'block.ts')
  } catch (error) {
    problems.push(`${place} is no import that parses: ${error.message}`)
    return []
  }
}

async function checkImport({ specifier, names }, place) {
  const name = [...packages.keys()].find((known) => specifier === known || specifier?.startsWith(`${known}/`))
  if (!name) return
  count += 1
  const found = packages.get(name)
  const key = `.${specifier.slice(name.length)}`
  const target = targetOf(found, key)
  if (!target) {
    problems.push(`${place} imports ${specifier}; ${name} exports ${Object.keys(found.exports ?? {}).join(', ')}`)
    return
  }
  const file = join(found.folder, target)
  if (!existsSync(file)) {
    problems.push(`${place} imports ${specifier}; ${relative(root, file)} is not built`)
    return
  }
  for (const { name: member, typeOnly } of names) {
    const known = typeOnly ? typesIn(declarationOf(file)) : await valuesIn(file, place)
    if (known && !known.has(member)) {
      const kind = typeOnly ? 'type' : 'value'
      problems.push(
        `${place} imports ${member} from ${specifier}; its ${kind}s are ${[...known].sort().join(', ') || 'none'}`,
      )
    }
  }
}

function targetOf({ exports = {} }, key) {
  const target = exports[key]
  return typeof target === 'object' ? (target.import ?? target.node ?? target.default) : target
}

async function valuesIn(file, place) {
  if (!valuesOf.has(file)) {
    try {
      valuesOf.set(file, new Set(Object.keys(await import(pathToFileURL(file).href))))
    } catch (error) {
      valuesOf.set(file, undefined)
      problems.push(`${place} imports ${relative(root, file)}, which cannot be loaded: ${error.message}`)
    }
  }
  return valuesOf.get(file)
}

function typesIn(file, seen = new Set()) {
  if (seen.has(file) || !existsSync(file)) return new Set()
  seen.add(file)
  const exported = parseSync(file, readText(file)).module.staticExports.flatMap(({ entries }) => entries)
  const names = exported.flatMap(({ exportName, importName, moduleRequest }) => {
    if (exportName.kind === 'Default') return ['default']
    if (exportName.name !== null) return [exportName.name]
    if (importName.kind !== 'AllButDefault') return []
    return [...typesIn(declarationOf(resolve(dirname(file), moduleRequest.value)), seen)]
  })
  return new Set(names)
}

function declarationOf(file) {
  return file.replace(/\.([cm]?)js$/, '.d.$1ts')
}

// Compiles a consumer of every import path in a folder where nothing else is installed: no types of Node, of a
// framework or of a dependency, only the optional peers.
function checkTypes(name, peers) {
  const found = packages.get(name)
  const paths = Object.keys(found?.exports ?? {}).filter((key) => targetOf(found, key)?.endsWith('.js'))
  const missing = paths.filter((key) => !existsSync(join(found.folder, declarationOf(targetOf(found, key)))))
  for (const key of missing)
    problems.push(`${name} exports ${key}; ${declarationOf(targetOf(found, key))} is not built`)
  const built = paths.filter((key) => !missing.includes(key))
  if (built.length === 0) return

  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'latchkey-types-')))
  try {
    const copy = join(folder, 'node_modules', name)
    const wanted = (path) => !/node_modules|\.test\.|\/(src|test)$/.test(relative(found.folder, path))
    cpSync(found.folder, copy, { recursive: true, filter: wanted })
    const open = built.map((key) => name + key.slice(1))
    writeFileSync(
      join(folder, 'consumer.ts'),
      open.map((path, index) => `export * as p${index} from '${path}'\n`).join(''),
    )
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    for (const peer of peers) {
      const installed = join(repository, 'node_modules', peer)
      mkdirSync(dirname(join(folder, 'node_modules', peer)), { recursive: true })
      if (existsSync(installed)) symlinkSync(installed, join(folder, 'node_modules', peer), 'junction')
    }
    compile(folder, copy, name)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function compile(folder, copy, name) {
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'dom'],
    types: [],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  })
  for (const line of `${stdout}${stderr}`.split('\n').filter(Boolean)) {
    const [, file, row, text] = /^(.*?)\((\d+),\d+\): (.*)$/.exec(line) ?? [undefined, 'consumer.ts', 1, line]
    const path = resolve(folder, file)
    const inPackage = relative(copy, path)
    // Types of peers are checked by whoever wrote them.
    if (inPackage.startsWith('..') && basename(path) !== 'consumer.ts') continue
    const place = inPackage.startsWith('..') ? name : `packages/${basename(packages.get(name).folder)}/${inPackage}`
    problems.push(`${place}:${row} does not compile for those without @types/node and frameworks: ${text}`)
  }
}
