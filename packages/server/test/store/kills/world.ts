/** Three servers on one database, all of which can be killed. */
import { type Postgres, startPostgres } from '../../../../query/test/postgres.js'
import { createTestDatabase, storeName } from '../test-store.js'
import { createChoices } from './choices.js'
import { type KeptServer, keepServer } from './servers.js'

export interface World {
  readonly servers: readonly KeptServer[]
  /** Since when the database has been there, on `performance.now()`; infinite while it is not. */
  calmSinceMs(): number
  /** By SIGKILL, and starts it again on the same data. Resolves once it has recovered. */
  killPostgres(): Promise<void>
  close(): Promise<void>
}

export async function openWorld(folder: string, seed: number): Promise<World> {
  const choices = createChoices(seed, 'ports')
  // One of its own: it will be killed.
  const postgres = storeName === 'PostgreSQL' ? await startPostgres() : undefined
  const servers: KeptServer[] = []
  let calmSinceMs = Number.NEGATIVE_INFINITY
  async function close(): Promise<void> {
    for (const server of servers) await server.end()
    await postgres?.stop()
  }
  try {
    const database = await createTestDatabase(folder, postgres)
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
    async killPostgres() {
      calmSinceMs = Number.POSITIVE_INFINITY
      await (postgres as Postgres).restart(0, 'SIGKILL')
      calmSinceMs = performance.now()
    },
  }
}
