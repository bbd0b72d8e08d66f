// Imports point one way: no circles, no folder reaches up, no package that is not declared. Usage: check-imports [root]
import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { filesIn, packagesIn, readText } from './lib/files.mjs'
import { readImports } from './lib/read-imports.mjs'
import { report, root } from './lib/report.mjs'

// A folder (or file) of src imports only from its own place and from places before it; `a | b` stand side by side and
// do not see each other. `groups` are the folders that share a place, `top` what stands above the line.
// `builtins` and `packages` are what may be imported from outside (left out: any), `types` what may be by types alone,
// `peers` what one file may.
// `computed` are the files that import a path which a user names.
const rules = {
  latchkey: {
    order: ['errors', 'encoding', 'token', 'access', 'http', 'auth', 'guards | client'],
    groups: { errors: ['errors', 'clock', 'options', 'development'] },
    top: ['index', 'testing'],
    builtins: ['node:crypto'],
    packages: [],
    types: { guards: ['hono', '@nestjs/common'] },
    peers: { 'guards/nest.ts': ['@nestjs/common'] },
    anywhere: 'client',
  },
  query: { builtins: [], packages: ['kysely'] },
  server: {
    order: ['config', 'store', 'services', 'http', 'create-latchkey | probe', 'doctor', 'cli'],
    groups: {
      services: [
        'accounts',
        'sessions',
        'api-keys',
        'client-types',
        'signing-keys',
        'revocations',
        'limits',
        'mail',
        'audit',
        'log',
        'health',
        'metrics',
        'import',
        'restore',
        'sweep',
        'webhooks',
      ],
    },
    top: ['index'],
    computed: ['config/read-file.ts'],
  },
}

const declared = ['dependencies', 'optionalDependencies', 'peerDependencies']
const problems = []
let count = 0
for (const { folder, manifest } of packagesIn(root)) {
  const src = `packages/${folder}/src`
  if (!existsSync(join(root, src))) continue
  if (!rules[folder]) {
    problems.push(`packages/${folder}: unknown package; say in tools/check-imports.mjs what it may import`)
    continue
  }
  checkPackage(src, rules[folder], manifest)
}
checkContributing()
report('imports', problems, `${count} files, one way, no circle`)

function checkPackage(src, rule, manifest) {
  const places = placesOf(rule)
  const graph = new Map()
  for (const path of filesIn(join(root, src)).filter((name) => /\.[cm]?tsx?$/.test(name))) {
    count += 1
    const from = { path, unit: unitOf(path), isTest: isTestPath(path), src }
    if (places && !from.isTest && !places.has(from.unit)) {
      problems.push(`${src}/${path}: unknown folder ${from.unit}; known: ${[...places.keys()].join(', ')}`)
    }
    graph.set(path, [])
    for (const found of importsOf(from)) {
      const say = (text) => problems.push(`${src}/${path}:${found.line} ${text}`)
      if (found.specifier === undefined) {
        if (!from.isTest && !rule.computed?.includes(path)) say('imports a computed path; allowed: a literal one')
      } else if (found.specifier.startsWith('.')) {
        const target = resolveRelative(from, found, say)
        if (!target) continue
        graph.get(path).push({ ...found, target })
        if (!from.isTest && places) checkDirection(from, target, places, rule, say)
        if (!from.isTest && isTestPath(target)) say(`imports the test ${target}; allowed: no test`)
      } else {
        graph.get(path).push(found)
        if (!from.isTest) checkOutside(from, found, rule, manifest, say)
      }
    }
  }
  findCircles(src, graph)
  if (rule.anywhere) checkAnywhere(src, graph, rule.anywhere)
}

function importsOf({ path, src }) {
  try {
    return readImports(readText(join(root, src, path)), path)
  } catch (error) {
    problems.push(`${src}/${error.message}`)
    return []
  }
}

// unit -> { level, slot }: one slot is one place of the line, `a | b` are two slots of one level.
function placesOf({ order, groups = {}, top = [] }) {
  if (!order) return undefined
  const places = new Map()
  for (const [level, step] of order.entries()) {
    for (const slot of step.split(' | ')) {
      for (const unit of groups[slot] ?? [slot]) places.set(unit, { level, slot })
    }
  }
  for (const unit of top) places.set(unit, { level: order.length, slot: unit })
  return places
}

function checkDirection(from, target, places, rule, say) {
  const unit = unitOf(target)
  const here = places.get(from.unit)
  const there = places.get(unit)
  if (!here || !there || here.slot === there.slot || there.level < here.level) return
  if (from.unit === 'testing' && unit === 'index') return
  const allowed = rule.order.slice(0, here.level).join(', ')
  say(`imports ${target}; ${from.unit} may import ${allowed ? `itself and ${allowed}` : 'only itself'}`)
}

function checkOutside(from, { specifier, typeOnly }, rule, manifest, say) {
  if (specifier.startsWith('node:')) {
    if (from.unit === rule.anywhere) say(`imports ${specifier}; ${from.unit} runs in browsers: no node: module at all`)
    else if (rule.builtins && !rule.builtins.includes(specifier)) {
      say(`imports ${specifier}; allowed: ${rule.builtins.join(', ') || 'no node: module'}`)
    }
    return
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  const types = rule.types?.[from.unit] ?? []
  const packages = rule.packages && [...rule.packages, ...(rule.peers?.[from.path] ?? [])]
  if (packages && !packages.includes(name) && !(typeOnly && types.includes(name))) {
    const asTypes = types.length > 0 ? `; with \`import type\`: ${types.join(', ')}` : ''
    say(`imports ${specifier}; allowed: ${packages.join(', ') || 'no package'}${asTypes}`)
  } else if (!declared.some((kind) => manifest[kind]?.[name])) {
    say(`imports ${specifier}; ${name} is not among the dependencies or peerDependencies of ${manifest.name}`)
  }
}

function resolveRelative(from, { specifier }, say) {
  const path = posix.normalize(posix.join(posix.dirname(from.path), specifier))
  if (path.startsWith('..')) {
    if (!from.isTest) say(`imports ${specifier}; allowed: files inside src`)
    return undefined
  }
  const source = path.replace(/\.([cm]?)js$/, '.$1ts')
  const target = [source, path, `${path}x`].find((name) => existsSync(join(root, from.src, name)))
  if (!target) say(`imports ${specifier}; there is no such file`)
  return target
}

function findCircles(src, graph) {
  const done = new Set()
  const visit = (path, trail) => {
    const start = trail.findIndex((step) => step.path === path)
    if (start >= 0) {
      const [first, ...rest] = trail.slice(start)
      const way = [...rest.map((step) => step.path), path].join(' -> ')
      problems.push(`${src}/${first.path}:${first.line} begins a circle: ${first.path} -> ${way}; allowed: none`)
      return
    }
    if (done.has(path)) return
    for (const { target, line } of graph.get(path) ?? []) if (target) visit(target, [...trail, { path, line }])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
}

// What runs anywhere needs no node: module by way of other files either; imports of types alone are erased.
function checkAnywhere(src, graph, unit) {
  const seen = new Set()
  const visit = (path, way) => {
    if (seen.has(path)) return
    seen.add(path)
    for (const { specifier, target, line, typeOnly } of graph.get(path) ?? []) {
      if (typeOnly) continue
      if (target) visit(target, [...way, target])
      else if (specifier?.startsWith('node:') && way.length > 1) {
        problems.push(`${src}/${path}:${line} imports ${specifier}, and ${way.join(' -> ')} must run in browsers`)
      }
    }
  }
  for (const path of graph.keys()) if (unitOf(path) === unit && !isTestPath(path)) visit(path, [path])
}

function checkContributing() {
  const line = rules.latchkey.order.join(' → ')
  const path = join(root, 'CONTRIBUTING.md')
  if (!existsSync(path)) {
    problems.push(`CONTRIBUTING.md is missing; it must hold the line: ${line}`)
    return
  }
  const lines = readText(path).split('\n')
  const found = lines.some((text) => text.trim().replace(/^`|`$/g, '') === line)
  if (!found) problems.push(`CONTRIBUTING.md lacks the line: ${line}`)
}

function unitOf(path) {
  return path.split('/')[0].replace(/(\.test)?\.[cm]?tsx?$/, '')
}

function isTestPath(path) {
  return /\.test\.[cm]?tsx?$/.test(path)
}
