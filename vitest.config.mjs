import { defineConfig } from 'vitest/config'
// What tests start is `latchkey` as it is built.
import './tools/bundle.mjs'

const shared = { pool: 'forks', isolate: false, testTimeout: 20_000, hookTimeout: 60_000 }

// What holds for every store: run once on each.
const ofEveryStore = [
  'packages/server/test/{hour,main-job,admin-sessions,api-keys,oauth,introspection,empty-credentials,roles,restore,sessions,refresh,rights,logout,nodes,limits-of-passwords,remote-guard,doctor,equal-time,change-of-algorithm,audit-*,webhooks*,faults-*,limits,canary,keys*,what-ends-*}.test.ts',
  'packages/server/test/store/*.test.ts',
]

export default defineConfig({
  test: {
    // Most of what tests do is wait for processes of theirs.
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: 'SQLite',
          // One store after the other: the files of one project share its processes, and so its PostgreSQL.
          sequence: { groupOrder: 0 },
          provide: { store: 'SQLite' },
          include: [
            ...['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
            ...['tools/**/*.test.mjs', 'bench/*/*.test.mjs'],
          ],
        },
      },
      {
        test: {
          ...shared,
          name: 'PostgreSQL',
          sequence: { groupOrder: 1 },
          provide: { store: 'PostgreSQL' },
          include: ofEveryStore,
        },
      },
    ],
  },
})
