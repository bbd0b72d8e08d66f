import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

const manifest = {
  name: 'latchkey',
  type: 'module',
  exports: { '.': './dist/index.js', './hono': { types: './dist/hono.d.ts', default: './dist/hono.js' } },
}
const good = {
  'packages/latchkey/package.json': manifest,
  'packages/latchkey/dist/index.js': 'export const createAuth = 1\nexport default 2\n',
  'packages/latchkey/dist/index.d.ts':
    "export declare const createAuth: number\ndeclare const two: Response\nexport default two\nexport * from './user.js'\n",
  'packages/latchkey/dist/user.js': '',
  'packages/latchkey/dist/user.d.ts': 'interface User {}\nexport type { User }\n',
  'packages/latchkey/dist/hono.js': 'export const guard = 1\n',
  'packages/latchkey/dist/hono.d.ts': "import type { Context } from 'hono'\nexport declare const guard: Context\n",
  'README.md': document(
    "import two, {\n  createAuth,\n  type User as U,\n} from 'latchkey'\nimport { x } from 'other'\nlet a = ...\n",
  ),
  'docs/a/b.md': document("const all = await import('latchkey/hono')"),
  'packages/latchkey/README.md': document(
    'import type { User } from \'latchkey\'\nimport * as all from "latchkey/hono"',
  ),
  'examples/a.ts': "export default function f() {\n  return 1\n}\nimport { guard } from 'latchkey/hono'\n",
}

function document(code) {
  return `# Page\n\nProse: import { nothing } from 'latchkey/none'\n\n\`\`\`ts\n${code}\n\`\`\`\n`
}

test('passes imports that exist, and types that stand alone', async () => {
  expect(await runCheck('check-exports.mjs', good)).toEqual({
    code: 0,
    output: 'exports: 5 imports in documents and examples exist, types stand alone\n',
  })
})

test('refuses paths and names that are not exported, with their place', async () => {
  const { code, output } = await runCheck('check-exports.mjs', {
    ...good,
    'README.md': document("import { guard } from 'latchkey/express'"),
    'docs/a/b.md': document("\nconst { guard } = await import('latchkey/koa')"),
    'docs/c.md': document("import { createAuth, createauth } from 'latchkey'"),
    'docs/d.md': document("import { User } from 'latchkey'"),
    'docs/e.md': document("import {\n  type Usr\n} from 'latchkey'"),
    'docs/f.md': document("export { nothing, createAuth } from 'latchkey'"),
    'examples/b.js': "\nimport guard from 'latchkey/hono'",
  })
  expect(output).toContain('README.md:6 imports latchkey/express; latchkey exports ., ./hono')
  expect(output).toContain('docs/a/b.md:7 imports latchkey/koa; latchkey exports')
  expect(output).toContain('docs/c.md:6 imports createauth from latchkey; its values are createAuth, default')
  expect(output).toContain('docs/d.md:6 imports User from latchkey; its values are')
  expect(output).toContain('docs/e.md:6 imports Usr from latchkey; its types are User, createAuth, default')
  expect(output).toContain('docs/f.md:6 imports nothing from latchkey; its values are')
  expect(output).toContain('examples/b.js:2 imports default from latchkey/hono; its values are guard')
  expect(output).toContain('exports: 7 to mend')
  expect(code).toBe(1)
})

test('refuses a path that is not built or cannot be loaded', async () => {
  const { 'packages/latchkey/dist/hono.js': hono, 'packages/latchkey/dist/hono.d.ts': types, ...rest } = good
  const { code, output } = await runCheck('check-exports.mjs', {
    ...rest,
    'packages/latchkey/dist/index.js': "import 'not-installed'\n",
  })
  expect([hono, types]).not.toContain(undefined)
  expect(output).toContain('docs/a/b.md:6 imports latchkey/hono; packages/latchkey/dist/hono.js is not built')
  expect(output).toContain('latchkey exports ./hono; ./dist/hono.d.ts is not built')
  expect(output).toContain(
    "README.md:6 imports packages/latchkey/dist/index.js, which cannot be loaded: Cannot find package 'not-installed'",
  )
  expect(code).toBe(1)
})

test('refuses public types that need Node, a framework, or do not compile', async () => {
  const broken = {
    module: "import type { Hmac } from 'node:crypto'\nexport type H = Hmac\n",
    global: 'export type B = Buffer\n',
    reference: '/// <reference types="node" />\nexport {}\n',
    framework: "export type R = import('express').Request\n",
    mistake: 'export interface A extends Missing {}\n',
  }
  const files = Object.entries(broken).map(([name, text]) => [`packages/latchkey/dist/${name}.d.ts`, text])
  const exports = Object.fromEntries(Object.keys(broken).map((name) => [`./${name}`, `./dist/${name}.js`]))
  const { code, output } = await runCheck('check-exports.mjs', {
    'packages/latchkey/package.json': { ...manifest, exports },
    ...Object.fromEntries(files),
  })
  for (const [path] of files) expect(output).toContain(`${path}:1 does not compile for those without @types/node`)
  expect(output).toContain(`exports: ${files.length} to mend`)
  expect(code).toBe(1)
})
