import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

const good = {
  'package-lock.json': { packages: { 'node_modules/hono': { version: '4.13.19' } } },
  'packages/latchkey/package.json': { name: 'latchkey', peerDependencies: { hono: '>=4' } },
  'packages/server/package.json': { name: '@latchkey/server', dependencies: { hono: '4.13.19', pg: '8.0.0-rc.1' } },
  'packages/latchkey/src/index.ts': `${'export {}\n'.repeat(400)}`,
  'packages/latchkey/dist/index.d.ts': 'export {}\n'.repeat(900),
}

test('passes short files, a lock file without addresses and exact versions', async () => {
  expect(await runCheck('check-files.mjs', good)).toEqual({
    code: 0,
    output: 'files: 1 TypeScript files of at most 400 lines, exact versions\n',
  })
})

test.concurrent.each([
  [
    'a file of 401 lines',
    { 'bench/long.ts': 'export {}\n'.repeat(401) },
    'bench/long.ts:401 is 401 lines long; allowed: 400',
  ],
  [
    'an address in the lock file',
    { 'package-lock.json': '{\n  "resolved": "https://registry.example/hono.tgz"\n}' },
    'package-lock.json:2 holds "resolved": "https://registry.example/hono.tgz"',
  ],
  ...['^4.13.19', '4', '>=4', 'latest', '*', 'file:../x'].map((version) => [
    `the version ${version}`,
    { 'packages/server/package.json': { dependencies: { hono: version } } },
    `packages/server/package.json asks for hono ${version}; allowed: one exact version`,
  ]),
])('refuses %s', async (_, files, message) => {
  const { code, output } = await runCheck('check-files.mjs', { ...good, ...files })
  expect(output).toContain(message)
  expect(output).toContain('files: 1 to mend')
  expect(code).toBe(1)
})
