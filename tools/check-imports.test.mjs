import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

const line = 'errors → encoding → token → access → http → auth → guards | client'
const latchkey = 'packages/latchkey/src'
const server = 'packages/server/src'
const query = 'packages/query/src'
const good = {
  'CONTRIBUTING.md': `# Contributing\n\n    ${line}\n`,
  'packages/latchkey/package.json': { name: 'latchkey', peerDependencies: { hono: '>=4' } },
  [`${latchkey}/index.ts`]: "export { guard } from './guards/hono.js'\nexport type { Key } from './token/sign.js'\n",
  [`${latchkey}/errors.ts`]: "import { now } from './clock.js'\nexport const born = now()\n",
  [`${latchkey}/clock.ts`]: 'export const now = () => 0\n',
  [`${latchkey}/token/sign.ts`]:
    "import { createHmac } from 'node:crypto'\nimport { born } from '../errors.js'\nexport type Key = typeof born | ReturnType<typeof createHmac>\n",
  [`${latchkey}/token/sign.test.ts`]:
    "import { test } from 'vitest'\nimport '../guards/hono.js'\nimport '../../test/kit.js'\nawait import(String(test))\n",
  [`${latchkey}/guards/hono.ts`]: "import type { Context } from 'hono'\nexport const guard = (c: Context) => c\n",
  [`${latchkey}/client/client.ts`]: "import { born } from '../errors.js'\nexport const client = born\n",
  [`${latchkey}/testing/index.ts`]: "import { guard } from '../index.js'\nexport { guard }\n",
  'packages/query/package.json': { name: '@latchkey/query', peerDependencies: { kysely: '0.28.18' } },
  [`${query}/index.ts`]: "import { sql } from 'kysely'\nexport { sql }\n",
  'packages/server/package.json': {
    name: '@latchkey/server',
    dependencies: { hono: '1.0.0', '@latchkey/query': '1.0.0' },
    peerDependencies: { latchkey: '1.0.0' },
  },
  [`${server}/config.ts`]: 'export const config = 1\n',
  [`${server}/store/open.ts`]:
    "import '@latchkey/query'\nimport '../config.js'\nimport 'latchkey/token'\nimport 'node:fs'\n",
  [`${server}/accounts/routes.ts`]: "import '../store/open.js'\nimport '../limits/count.js'\n",
  [`${server}/limits/count.ts`]: 'export {}\n',
  [`${server}/http/app.ts`]: "import '../accounts/routes.js'\nimport { Hono } from 'hono'\nexport { Hono }\n",
  [`${server}/create-latchkey.ts`]: "import './http/app.js'\n",
  [`${server}/cli/main.ts`]: "import '../create-latchkey.js'\n",
  [`${server}/index.ts`]: "import './create-latchkey.js'\n",
}

test('passes imports that point one way', async () => {
  expect(await runCheck('check-imports.mjs', good)).toEqual({
    code: 0,
    output: 'imports: 17 files, one way, no circle\n',
  })
})

test.concurrent.each([
  [
    'a circle',
    { 'encoding/a.ts': "import './b.js'", 'encoding/b.ts': "\nimport './a.js'" },
    'encoding/a.ts:1 begins a circle: encoding/a.ts -> encoding/b.ts -> encoding/a.ts',
  ],
  [
    'a circle of type imports',
    { 'encoding/a.ts': "import type { B } from './b.js'", 'encoding/b.ts': "import type { A } from './a.js'" },
    'begins a circle',
  ],
  [
    'a circle of import types',
    { 'encoding/a.ts': "type B = import('./b.js').B", 'encoding/b.ts': "let a: import('./a.js').A" },
    'begins a circle',
  ],
  [
    'a circle of re-exports',
    { 'encoding/a.ts': "export * from './b.js'", 'encoding/b.ts': "export type { A } from './a.js'" },
    'begins a circle',
  ],
  [
    'a circle of dynamic imports',
    { 'encoding/a.ts': "import('./b.js')", 'encoding/b.ts': 'import(`./a.js`)' },
    'begins a circle',
  ],
  [
    'a circle of three',
    { 'http/a.ts': "import './b.js'", 'http/b.ts': "import './c.js'", 'http/c.ts': "import './a.js'" },
    'http/a.ts -> http/b.ts -> http/c.ts -> http/a.ts',
  ],
  ['a file that imports itself', { 'http/a.ts': "import './a.js'" }, 'begins a circle: http/a.ts -> http/a.ts'],
  [
    'an import that points up',
    { 'access/a.ts': "import '../http/b.js'", 'http/b.ts': '' },
    'access/a.ts:1 imports http/b.ts; access may import itself and errors, encoding, token',
  ],
  [
    'an import from above the line',
    { 'errors.ts': "import type { X } from './auth/x.js'", 'auth/x.ts': '' },
    'errors.ts:1 imports auth/x.ts; errors may import only itself',
  ],
  [
    'a guard that imports the client',
    { 'guards/koa.ts': "import '../client/client.js'" },
    'guards/koa.ts:1 imports client/client.ts; guards may import itself and',
  ],
  [
    'a client that imports a guard',
    { 'client/a.ts': "import '../guards/hono.js'" },
    'client/a.ts:1 imports guards/hono.ts; client may',
  ],
  [
    'an import of the index',
    { 'guards/koa.ts': "import '../index.js'" },
    'guards/koa.ts:1 imports index.ts; guards may',
  ],
  [
    'an import of testing',
    { 'index.ts': "import './testing/index.js'" },
    'index.ts:1 imports testing/index.ts; index may',
  ],
  [
    'an import of a test',
    { 'token/a.ts': "import './sign.test.js'" },
    'token/a.ts:1 imports the test token/sign.test.ts; allowed: no test',
  ],
  ['an unknown folder', { 'helpers/a.ts': '' }, 'helpers/a.ts: unknown folder helpers; known: errors, clock'],
  [
    'a computed import',
    { 'auth/a.ts': 'await import(String(1))' },
    'auth/a.ts:1 imports a computed path; allowed: a literal one',
  ],
  [
    'an import from outside src',
    { 'auth/a.ts': "import '../../package.json'" },
    'auth/a.ts:1 imports ../../package.json; allowed: files inside src',
  ],
  ['an import of no file', { 'auth/a.ts': "import './b.js'" }, 'auth/a.ts:1 imports ./b.js; there is no such file'],
  ['a package', { 'auth/a.ts': "import 'jose'" }, 'auth/a.ts:1 imports jose; allowed: no package'],
  [
    'another builtin',
    { 'auth/a.ts': "import 'node:fs/promises'" },
    'auth/a.ts:1 imports node:fs/promises; allowed: node:crypto',
  ],
  [
    'a builtin in a comment',
    { 'auth/a.ts': '/// <reference types="node" />' },
    'auth/a.ts:1 imports node; allowed: no package',
  ],
  [
    'a builtin in the client',
    { 'client/a.ts': "import type { Hmac } from 'node:crypto'" },
    'client/a.ts:1 imports node:crypto; client runs in browsers',
  ],
  [
    'a builtin behind the client',
    { 'client/a.ts': "import '../token/sign.js'" },
    'token/sign.ts:1 imports node:crypto, and client/a.ts -> token/sign.ts must run in browsers',
  ],
  [
    'values of a framework in a guard',
    { 'guards/a.ts': "import { Hono } from 'hono'" },
    'guards/a.ts:1 imports hono; allowed: no package; with `import type`: hono, @nestjs/common',
  ],
  [
    'values of Nest in the guard of another framework',
    { 'guards/a.ts': "import { SetMetadata } from '@nestjs/common'" },
    'guards/a.ts:1 imports @nestjs/common; allowed: no package; with `import type`: hono, @nestjs/common',
  ],
  [
    'values of another framework in the guard of Nest',
    { 'guards/nest.ts': "import { Hono } from 'hono'" },
    'guards/nest.ts:1 imports hono; allowed: @nestjs/common; with `import type`: hono, @nestjs/common',
  ],
  [
    'an erased import that stays in the output',
    { 'guards/a.ts': "import { type Hono } from 'hono'" },
    'guards/a.ts:1 imports hono;',
  ],
  [
    'types of a framework elsewhere',
    { 'http/a.ts': "import type { Hono } from 'hono'" },
    'http/a.ts:1 imports hono; allowed: no package',
  ],
  [
    'types of a framework that is no peer',
    { 'guards/a.ts': "import type { X } from '@nestjs/common'" },
    '@nestjs/common is not among the dependencies or peerDependencies of latchkey',
  ],
  ['a text that does not parse', { 'auth/a.ts': 'import from from from' }, 'auth/a.ts: '],
])('refuses %s', async (_, files, message) => {
  const placed = Object.fromEntries(Object.entries(files).map(([path, text]) => [`${latchkey}/${path}`, text]))
  const { code, output } = await runCheck('check-imports.mjs', { ...good, ...placed })
  expect(output).toContain(`${latchkey}/`)
  expect(output).toContain(message)
  expect(code).toBe(1)
})

test.concurrent.each([
  [
    'a store that imports a service',
    { [`${server}/store/a.ts`]: "import '../limits/count.js'" },
    'store/a.ts:1 imports limits/count.ts; store may import itself and config',
  ],
  [
    'a service that imports http',
    { [`${server}/audit/a.ts`]: "import '../http/app.js'" },
    'audit/a.ts:1 imports http/app.ts; audit may',
  ],
  [
    'http that imports the whole',
    { [`${server}/http/a.ts`]: "import '../create-latchkey.js'" },
    'http/a.ts:1 imports create-latchkey.ts',
  ],
  [
    'a configuration that imports a service',
    { [`${server}/config.ts`]: "import './limits/count.js'" },
    'config.ts:1 imports limits/count.ts; config may import only itself',
  ],
  ['services in a circle', { [`${server}/limits/count.ts`]: "import '../accounts/routes.js'" }, 'begins a circle'],
  [
    'an undeclared package',
    { [`${server}/mail/a.ts`]: "import type { X } from '@types/nodemailer/x'" },
    '@types/nodemailer is not among the dependencies or peerDependencies of @latchkey/server',
  ],
  [
    'a package imported by its own name',
    { [`${server}/mail/a.ts`]: "import '@latchkey/server'" },
    '@latchkey/server is not among',
  ],
  [
    'a query package that imports more than kysely',
    { [`${query}/a.ts`]: "import 'node:fs'\nimport 'latchkey'" },
    `${query}/a.ts:2 imports latchkey; allowed: kysely`,
  ],
  [
    'a builtin in the query package',
    { [`${query}/a.ts`]: "import 'node:fs'" },
    `${query}/a.ts:1 imports node:fs; allowed: no node: module`,
  ],
  [
    'an unknown package',
    { 'packages/new/package.json': {}, 'packages/new/src/a.ts': '' },
    'packages/new: unknown package',
  ],
  [
    'guidelines with another line',
    { 'CONTRIBUTING.md': line.replace('token → access', 'access → token') },
    `CONTRIBUTING.md lacks the line: ${line}`,
  ],
])('refuses %s', async (_, files, message) => {
  const { code, output } = await runCheck('check-imports.mjs', { ...good, ...files })
  expect(output).toContain(message)
  expect(code).toBe(1)
})

test('refuses missing guidelines', async () => {
  const { code, output } = await runCheck('check-imports.mjs', {})
  expect(output).toContain(`CONTRIBUTING.md is missing; it must hold the line: ${line}`)
  expect(code).toBe(1)
})
