import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    pool: 'forks',
    isolate: false,
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'tools/**/*.test.mjs'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
