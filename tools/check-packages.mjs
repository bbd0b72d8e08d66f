// What `npm pack` would publish: the right files, and clean for publint and attw. Usage: check-packages [root]
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { filesIn, packagesIn, readJson } from './lib/files.mjs'
import { report, repository, root } from './lib/report.mjs'

const run = promisify(execFile)
const problems = []
const folder = mkdtempSync(join(tmpdir(), 'latchkey-pack-'))
try {
  const packages = packagesIn(root).filter(({ manifest }) => !manifest.private)
  const packed = packages.length > 0 ? await pack(packages) : []
  await Promise.all(packed.map(checkPackage))
  report('packages', problems.sort(), packed.map(({ name, files }) => `${name} ${files.length} files`).join(', '))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

// Without scripts: `prepack` would build anew what others are using.
async function pack(packages) {
  const workspaces = packages.flatMap(({ folder: name }) => ['--workspace', `packages/${name}`])
  const args = ['pack', '--ignore-scripts', '--offline', '--json', '--pack-destination', folder, ...workspaces]
  const { stdout } = await run('npm', args, { cwd: root, shell: process.platform === 'win32', maxBuffer: 2 ** 25 })
  const listed = Object.values(JSON.parse(stdout))
  return packages.map(({ folder: name, manifest }) => {
    const { filename, files } = listed.find((entry) => entry.name === manifest.name)
    return { name: manifest.name, manifest, place: `packages/${name}`, files, tarball: join(folder, filename) }
  })
}

async function checkPackage(entry) {
  compareFiles(entry)
  await Promise.all([lint(entry), checkTypes(entry)])
}

function compareFiles({ place, manifest, files }) {
  const expected = expectedFiles(place, manifest)
  const packed = new Set(files.map(({ path }) => path))
  for (const path of expected) if (!packed.has(path)) problems.push(`${place}/${path} is missing in the package`)
  for (const path of packed) {
    if (!expected.has(path))
      problems.push(`${place}/${path} is in the package; allowed: what is made from src, and "files"`)
  }
}

function expectedFiles(place, manifest) {
  const sources = filesIn(join(root, place, 'src')).filter(
    (path) => path.endsWith('.ts') && !/(\.test|\.d)\.ts$/.test(path),
  )
  const built = sources.flatMap((path) => ['.js', '.d.ts'].map((end) => `dist/${path.replace(/\.ts$/, end)}`))
  const others = (manifest.files ?? [])
    .filter((name) => name !== 'dist' && !name.startsWith('!'))
    .flatMap((name) => filesIn(join(root, place, name)).map((path) => `${name}/${path}`))
  return new Set(['package.json', 'README.md', 'LICENSE', ...built, ...others])
}

async function lint({ place, tarball }) {
  const bytes = readFileSync(tarball)
  const { messages, pkg } = await publint({ pack: { tarball: toArrayBuffer(bytes) }, strict: true })
  for (const message of messages)
    problems.push(`${place}/package.json: publint: ${formatMessage(message, pkg, { color: false })}`)
}

function toArrayBuffer(bytes) {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}

async function checkTypes({ place, tarball }) {
  const tool = join(repository, 'node_modules', '@arethetypeswrong', 'cli')
  const command = join(tool, readJson(join(tool, 'package.json')).bin.attw)
  const args = [command, tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-emoji']
  if (!existsSync(command)) throw new Error('attw is not installed')
  try {
    await run(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 25 })
  } catch (error) {
    const lines = `${error.stdout}${error.stderr}`.split('\n').map((line) => line.trim())
    const wanted = lines.filter((line) => line && !/: OK|ignor|^\*+$/.test(line))
    problems.push(`${place}/package.json: attw: ${wanted.join('\n    ')}`)
  }
}
