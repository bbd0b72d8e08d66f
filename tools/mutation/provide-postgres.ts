/** One PostgreSQL for all runs of a process. */
import type { TestProject } from 'vitest/node'
import { startPostgres } from '../../packages/query/test/postgres.js'

export default async function providePostgres({ provide }: TestProject) {
  const server = await startPostgres()
  provide('postgres', await server.createDatabase())
  return () => server.stop()
}
