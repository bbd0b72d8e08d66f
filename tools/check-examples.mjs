// Runs what the documents show, programs and the curl lines below them, and examples/. Usage: check-examples [root]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import process from 'node:process'
import { exampleSteps, programSteps } from './lib/example-steps.mjs'
import { filesIn, readText } from './lib/files.mjs'
import { report, repository, root } from './lib/report.mjs'
import { runDocument } from './lib/run-document.mjs'

const problems = []
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'latchkey-examples-')))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const texts = filesIn(root)
  .filter((path) => /^(README|docs\/(?!decisions\/).*|packages\/[^/]+\/README)\.md$/.test(path))
  .map((path) => ({ path, ...exampleSteps(readText(join(root, path))) }))
// Each file of examples/ is one, and so is each folder there, whose programs run in the order of their names.
const programs = filesIn(join(root, 'examples')).filter((path) => /\.[jt]s$/.test(path))
const examples = [...new Set(programs.map((path) => path.split('/')[0]))].map((name) => {
  const parts = programs.filter((path) => path === name || path.startsWith(`${name}/`))
  const codes = parts.map((path) => ({ name: path, code: readText(join(root, 'examples', path)) }))
  return { path: `examples/${name}`, ...programSteps(codes) }
})
const documents = [...texts, ...examples].map((document, index) => ({
  ...document,
  folder: join(folder, `document-${index}`),
}))
let count = 0

prepare()
compile()
const waiting = [...documents]
await Promise.all(
  [1, 2].map(async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const ran = await runDocument(next)
      count += ran
    }
  }),
)

const skipped = documents.flatMap(({ path, skipped: blocks }) =>
  blocks.map(({ line, text }) => `${path}:${line} ${text}`),
)
for (const text of skipped) console.log(`not run: ${text}`)
for (const { path, problems: found } of documents) {
  for (const { line, text } of found) problems.push(`${path}:${line} ${text}`)
}
report('examples', problems, `${count} run, ${skipped.length} not run`)

function prepare() {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const installed = join(root, 'node_modules')
  if (existsSync(installed)) symlinkSync(installed, join(folder, 'node_modules'), 'junction')
  for (const document of documents) mkdirSync(document.folder)
}

// One compilation for all; a program with a type error is not run.
function compile() {
  const files = new Map()
  for (const document of documents) {
    for (const step of document.steps.filter(({ language }) => language === 'ts')) {
      const name = join(document.folder, `line-${step.line}.ts`)
      writeFileSync(name, step.code)
      files.set(relative(folder, name).split(sep).join('/'), { document, step })
    }
  }
  if (files.size === 0) return
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    // As Nest asks.
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [...files.keys()] }))
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  })
  for (const line of `${stdout}${stderr}`.split('\n').filter(Boolean)) {
    const [, file, row, text] = /^(.*?)\((\d+),\d+\): (.*)$/.exec(line) ?? []
    const { document, step } = files.get(file) ?? {}
    if (step) problems.push(`${document.path}:${step.line + Number(row) - 1} ${text}`)
    else problems.push(`documents do not compile: ${line}`)
    if (step) step.broken = true
  }
  for (const [name, { step }] of files) if (!step.broken) step.code = readText(join(folder, name.replace(/ts$/, 'js')))
}
