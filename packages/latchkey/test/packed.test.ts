/** The package as it is published, installed into an empty project: every import works in ESM and in CommonJS, and has its types. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const shell = process.platform === 'win32'
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
  const { stdout, stderr } = await run(process.execPath, [name], { cwd: folder })
  expect(stderr).toBe('')
  return stdout.trim()
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

it('is imported and required, every path of it', async () => {
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
