import { defineConfig } from 'vitest/config'

const shared = { pool: 'forks', isolate: false, testTimeout: 20_000, hookTimeout: 60_000 }

// What holds for every store: run once on each.
const ofEveryStore = [
  'packages/server/test/{main-job,api-keys,oauth,roles,restore,sessions,refresh,logout,nodes,keys,remote-guard,what-ends-sessions,faults-*}.test.ts',
  'packages/server/test/store/*.test.ts',
]

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'SQLite',
          provide: { store: 'SQLite' },
          include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'tools/**/*.test.mjs'],
        },
      },
      { test: { ...shared, name: 'PostgreSQL', provide: { store: 'PostgreSQL' }, include: ofEveryStore } },
    ],
  },
})
