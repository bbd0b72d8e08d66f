// Makes few files of the many that the program `latchkey` is made of, its own and those of the packages it depends on: Node reads
// them in half the time and keeps less of them. Does nothing when nothing was built or installed since.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const place = join(root, 'packages', 'server')
// As deep as what it is made of: both find the files of the package by relative paths.
const folder = join(place, 'bundle', 'cli')
const licences = join(folder, 'LICENSES.txt')
// A peer, which an application shares; what is compiled for one machine; what opens files of its own.
const external = [/^latchkey(\/|$)/, /^better-sqlite3/, 'pg', 'pino']

/** zod's messages in sixty other languages: half a megabyte that nobody here asks for. */
const withoutLanguages = {
  name: 'without-languages',
  load: (module) =>
    /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/.test(module) ? "export { default as en } from './en.js'" : undefined,
}

if (isStale()) await bundle()

function isStale() {
  if (!existsSync(licences)) return true
  const bundledAt = statSync(licences).mtimeMs
  return inputs().some((file) => statSync(file).mtimeMs >= bundledAt)
}

/** What was written last when our own modules were built, when packages were installed, and how it is done. */
function inputs() {
  const built = ['query', 'server'].map((name) => join(root, 'packages', name, 'dist', '.tsbuildinfo'))
  return [...built, join(root, 'node_modules', '.package-lock.json'), fileURLToPath(import.meta.url)]
}

async function bundle() {
  rmSync(folder, { recursive: true, force: true })
  const input = join(place, 'dist', 'cli', 'main.js')
  const build = await rolldown({ input, platform: 'node', external, plugins: [withoutLanguages] })
  const { output } = await build.write({ dir: folder, format: 'esm' })
  await build.close()
  const modules = output.flatMap((chunk) => chunk.moduleIds ?? [])
  const packages = new Set(modules.map(packageOf).filter((found) => found !== undefined))
  // Last: it says that all is there.
  writeFileSync(licences, [...packages].map(licenceOf).sort().join('\n'))
}

/** Its folder; undefined for our own modules, and for what rolldown adds. */
function packageOf(module) {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module.replaceAll('\\', '/'))?.[0]
}

function licenceOf(packageFolder) {
  const { name, version, license } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'))
  const file = readdirSync(packageFolder).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file ? readFileSync(join(packageFolder, file), 'utf8').trim() : license
  return `${name} ${version}\n\n${text}\n`
}
