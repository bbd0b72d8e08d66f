import { expect, test } from 'vitest'
import { runCheck } from './lib/run-check.mjs'

// Each lets npm pack something.
const slow = { timeout: 120_000 }
const manifest = {
  name: 'some-package',
  version: '1.0.0',
  type: 'module',
  license: 'MIT',
  exports: { '.': './dist/index.js', './package.json': './package.json' },
  bin: { some: 'bin/some.js' },
  files: ['bin', 'dist', '!dist/**/*.test.*', '!dist/.tsbuildinfo*'],
}
const place = 'packages/some'
const good = {
  'package.json': { private: true, workspaces: ['packages/*'] },
  'packages/hidden/package.json': { name: 'hidden', private: true },
  [`${place}/package.json`]: manifest,
  [`${place}/README.md`]: '# Some\n',
  [`${place}/LICENSE`]: 'MIT\n',
  [`${place}/bin/some.js`]: '#!/usr/bin/env node\n',
  [`${place}/src/index.ts`]: '',
  [`${place}/src/index.test.ts`]: '',
  [`${place}/dist/index.js`]: 'export const a = 1\n',
  [`${place}/dist/index.d.ts`]: 'export declare const a: number\n',
  [`${place}/dist/index.test.js`]: '',
  [`${place}/dist/.tsbuildinfo`]: '',
}

test.concurrent('passes a package that holds what its sources say', slow, async () => {
  expect(await runCheck('check-packages.mjs', good)).toEqual({ code: 0, output: 'packages: some-package 6 files\n' })
})

test.concurrent('refuses missing files, stale ones, tests, and what publint and attw find', slow, async () => {
  const { [`${place}/LICENSE`]: licence, ...rest } = good
  const { code, output } = await runCheck('check-packages.mjs', {
    ...rest,
    [`${place}/package.json`]: {
      ...manifest,
      exports: { '.': './dist/index.js', './gone': './dist/gone.js' },
      files: ['dist'],
    },
    [`${place}/src/new/thing.ts`]: '',
    [`${place}/dist/old.js`]: 'export {}\n',
  })
  expect(licence).toBeDefined()
  expect(output).toContain(`${place}/LICENSE is missing in the package`)
  expect(output).toContain(`${place}/dist/new/thing.js is missing in the package`)
  expect(output).toContain(`${place}/dist/new/thing.d.ts is missing in the package`)
  expect(output).toContain(`${place}/dist/old.js is in the package; allowed: what is made from src, and "files"`)
  expect(output).toContain(`${place}/dist/index.test.js is in the package`)
  expect(output).toContain(`${place}/dist/.tsbuildinfo is in the package`)
  expect(output).toContain(`${place}/package.json: publint: pkg.exports["./gone"]`)
  expect(output).toMatch(/packages\/some\/package\.json: attw: [\s\S]*"some-package\/gone"\n.*Resolution failed/)
  expect(code).toBe(1)
})

test.concurrent('refuses types that resolve nowhere, which only attw sees', slow, async () => {
  const { code, output } = await runCheck('check-packages.mjs', {
    ...good,
    [`${place}/dist/index.d.ts`]: "export * from './nowhere'\n",
  })
  expect(output).toMatch(/packages\/some\/package\.json: attw: [\s\S]*Internal resolution error/)
  expect(code).toBe(1)
})
