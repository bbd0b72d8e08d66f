/** Three servers on one database, all of which can be killed. */
import { sql } from 'kysely'
import { type Postgres, startPostgres } from '../../../../query/test/postgres.js'
import { openStore } from '../../../src/store/open-store.js'
import { createTestDatabase, storeName, type TestDatabase } from '../test-store.js'
import { createChoices } from './choices.js'
import { type KeptServer, keepServer } from './servers.js'

export interface World {
  readonly servers: readonly KeptServer[]
  /** Since when the database has been there, on `performance.now()`; infinite while it is not. */
  calmSinceMs(): number
  /** By SIGKILL, and starts it again on the same data. Resolves once it has recovered. */
  killPostgres(): Promise<void>
  /** Stored answers to refreshes are kept until so much earlier, as if so many seconds had passed since. */
  ageAnswers(seconds: number): Promise<void>
  close(): Promise<void>
}

export async function openWorld(folder: string, seed: number): Promise<World> {
  const choices = createChoices(seed, 'ports')
  // One of its own: it will be killed.
  const postgres = storeName === 'PostgreSQL' ? await startPostgres() : undefined
  const servers: KeptServer[] = []
  let calmSinceMs = Number.NEGATIVE_INFINITY
  let database: TestDatabase
  async function close(): Promise<void> {
    for (const server of servers) await server.end()
    await postgres?.stop()
  }
  try {
    database = await createTestDatabase(folder, postgres)
    const environment = { ...database.environment, LATCHKEY_ISSUER: 'https://id.example' }
    for (let i = 0; i < 3; i++) servers.push(await keepServer(folder, environment, choices))
    for (const server of servers) await server.ready()
  } catch (error) {
    await close()
    throw error
  }
  return {
    servers,
    close,
    calmSinceMs: () => calmSinceMs,
    async ageAnswers(seconds) {
      const store = await openStore(database.storeOptions)
      await store
        .transaction((transaction) =>
          transaction
            .updateTable('sessions')
            .set({ answer_until: sql<number>`answer_until - ${seconds}` })
            .execute(),
        )
        .finally(() => store.close())
    },
    async killPostgres() {
      calmSinceMs = Number.POSITIVE_INFINITY
      await (postgres as Postgres).restart(0, 'SIGKILL')
      calmSinceMs = performance.now()
    },
  }
}
