/** The package as it is published, installed into an empty project: every import works in ESM and in CommonJS, and has its types. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { installTool } from './install-tool.js'
import { newestNode } from './runtimes/find-runtimes.js'

const run = promisify(execFile)
const shell = process.platform === 'win32'
const tool = installTool('jest')
const repository = fileURLToPath(new URL('../../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'latchkey-packed-'))
const manifest = JSON.parse(readFileSync(join(repository, 'packages/latchkey/package.json'), 'utf8'))
const paths: string[] = Object.keys(manifest.exports).filter((path) => path !== './package.json' && path !== './nest')
const specifiers = paths.map((path) => `latchkey${path.slice(1)}`)

beforeAll(async () => {
  // Without scripts: `prepack` would build anew what others are using.
  const pack = ['pack', '--ignore-scripts', '--offline', '--json', '--pack-destination', folder, '-w', 'latchkey']
  const { stdout } = await run('npm', pack, { cwd: repository, shell })
  const [{ filename }] = Object.values<{ filename: string }>(JSON.parse(stdout)) as [{ filename: string }]
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }')
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`], { cwd: folder, shell })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

async function runFile(name: string, text: string): Promise<string> {
  writeFileSync(join(folder, name), text)
  const answers: string[] = []
  for (const node of [process.execPath, newestNode]) {
    const { stdout, stderr } = await run(node, [name], { cwd: folder })
    expect(stderr).toBe('')
    answers.push(stdout.trim())
  }
  expect(answers[1]).toBe(answers[0])
  return answers[0] as string
}

const expected: Record<string, string> = {
  latchkey: 'createAuth',
  'latchkey/token': 'explain',
  'latchkey/jws': 'verifyCompact',
  'latchkey/http': 'readAuthorization',
  'latchkey/client': 'createClient',
  'latchkey/testing': 'createTestAuth',
}
const nameOf = (specifier: string) => expected[specifier] ?? 'guard'

it('brings nothing else', () => {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  expect(Object.keys(packages)).toEqual(['', 'node_modules/latchkey'])
})

it('is imported and required, every path of it, in this Node and in the newest', async () => {
  const imports = specifiers.map((specifier, i) => `import { ${nameOf(specifier)} as x${i} } from '${specifier}'`)
  const list = specifiers.map((_, i) => `typeof x${i}`).join(', ')
  const requires = specifiers.map((specifier, i) => `const { ${nameOf(specifier)}: x${i} } = require('${specifier}')`)
  const all = Array(specifiers.length).fill('function').join()
  expect(await runFile('consumer.mjs', `${imports.join('\n')}\nconsole.log([${list}].join())`)).toBe(all)
  expect(await runFile('consumer.cjs', `${requires.join('\n')}\nconsole.log([${list}].join())`)).toBe(all)
})

it.each([
  ['nodenext', 'module', { module: 'nodenext' }],
  ['nodenext', 'commonjs', { module: 'nodenext' }],
  ['bundler', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
])(
  'has types for moduleResolution %s in a %s, without any of Node',
  async (name, type, options) => {
    const project = join(folder, `types-${name}-${type}`)
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), JSON.stringify({ type }))
    const compilerOptions = {
      ...options,
      target: 'es2022',
      strict: true,
      noEmit: true,
      types: [],
      lib: ['es2023', 'dom'],
    }
    // Those that need the types of a framework are tried with it elsewhere.
    const own = specifiers.filter((specifier) => specifier !== 'latchkey/hono')
    const imports = own.map((specifier, i) => `import { ${nameOf(specifier)} as x${i} } from '${specifier}'`)
    const uses = [
      `import { createAuth, defineRoles, type User } from 'latchkey'`,
      `import { currentUser, guard } from 'latchkey/express'`,
      `const roles = defineRoles({ scopes: ['order:read'], roles: { user: { allow: ['order:read'] } } })`,
      `const auth = createAuth({ server: 'https://id.example', roles })`,
      `guard(auth, 'order:read')`,
      `// @ts-expect-error: it is not listed`,
      `guard(auth, 'order:write')`,
      `export const user: User = currentUser({})`,
      `export const all = [${own.map((_, i) => `x${i}`).join(', ')}]`,
    ]
    writeFileSync(join(project, 'consumer.ts'), [...imports, ...uses].join('\n'))
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
    const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
    const { stdout } = await run(process.execPath, [tsc, '-p', project, '--pretty', 'false'], { cwd: folder }).catch(
      (error) => error,
    )
    expect(stdout).toBe('')
  },
  60_000,
)

it('is required in Jest, configured as the guide says', async () => {
  const guide = readFileSync(join(repository, 'docs/guides/commonjs.md'), 'utf8')
  const [, configuration] = /```js no-run is the configuration of Jest\n([^`]*)```/.exec(guide) as unknown as [
    string,
    string,
  ]
  symlinkSync(join(tool, 'node_modules', '@swc'), join(folder, 'node_modules', '@swc'), 'junction')
  writeFileSync(join(folder, 'jest.config.cjs'), configuration)
  const text = `const { guard } = require('latchkey/express')
    const { createTestAuth } = require('latchkey/testing')
    const { auth, token } = createTestAuth()
    test('guards', () => {
      expect(typeof guard(auth)).toBe('function')
      expect(auth.explain(token()).accepted).toBe(true)
    })`
  writeFileSync(join(folder, 'consumer.test.js'), text)
  const jest = join(tool, 'node_modules', '.bin', 'jest')
  const attempt = () => run(jest, ['--rootDir', folder, '--no-cache', '--ci'], { cwd: folder, shell })
  expect((await attempt()).stderr).toMatch(/Tests: +1 passed, 1 total/)
  // And needs it: without the second line it fails.
  writeFileSync(join(folder, 'jest.config.cjs'), configuration.replace(/^.*transformIgnorePatterns.*$/m, ''))
  await expect(attempt()).rejects.toThrow('Must use import to load ES Module')
}, 60_000)
