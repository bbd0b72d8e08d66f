import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { sourceAliases } from './source-aliases.mjs'
import { targets } from './targets.mjs'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))
const root = path('../..')
const { store } = targets[process.env.MUTATION_TARGET]

const ourVitest = {
  name: 'our-vitest',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source === 'vitest' && /\.ts$/.test(importer ?? '') ? path('vitest.mjs') : undefined,
}

export default defineConfig({
  root,
  plugins: [ourVitest],
  resolve: {
    alias: [
      ...sourceAliases(root),
      // Some tests reach for what is not exported.
      { find: /^((?:\.\.\/)+)dist\//, replacement: '$1src/' },
      { find: /^\.\/frameworks\.js$/, replacement: path('frameworks.mjs') },
    ],
  },
  test: {
    include: ['tools/mutation/all-tests.mjs'],
    provide: { store },
    // Its modules are loaded anew for each change.
    globalSetup: store === 'PostgreSQL' ? [path('provide-postgres.ts')] : [],
    env: { REVOCATION_RUNS: '15' },
    // Some changes leave requests without an answer.
    testTimeout: 10_000,
    hookTimeout: 6_000,
  },
})
