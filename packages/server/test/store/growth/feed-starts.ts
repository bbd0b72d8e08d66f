/** A server that begins beside many live revocations, and a service that begins to follow it. */
import { ask } from '../../server.js'
import { addRevocations } from './add-revocations.js'
import { fillSessions, type KnownSession } from './fill-sessions.js'
import { createGrowthDatabase, type GrowthDatabase } from './growth-database.js'
import { openServices } from './open-services.js'
import type { Random } from './random.js'
import { runScript, startTimedServer } from './timed-process.js'

export interface Feed {
  /** How many live revocations it has. */
  readonly count: number
  readonly database: GrowthDatabase
  /** One that is good, and one that is revoked unless there are no revocations. */
  readonly tokens: readonly string[]
  /** In the order of `figureNames`, a row for each start. */
  readonly figures: number[][]
}

export const figureNames = [
  ...['server: s from start to first answer', 'server: s of CPU until then', 'server: MB at its first answer'],
  ...['server: MB at most until then', 'server: MB idle', 'server: MB after a service has read all'],
  ...['service: s until it is ready', 'service: s of CPU until then', 'service: MB before'],
  ...['service: MB when it is ready', 'service: MB at most until then', 'service: MB idle'],
]

const daySeconds = 24 * 3600

export async function createFeed(
  parent: string,
  count: number,
  { seed, random }: { readonly seed: number; readonly random: Random },
): Promise<Feed> {
  const database = await createGrowthDatabase(parent, `feed-${count}`)
  // Makes the keys.
  await (await openServices(database)).close()
  const known = await fillSessions(database, { sessions: 100, known: 2, seed }, random)
  const [good, revoked] = known as [KnownSession, KnownSession]
  const filling = await database.openFilling()
  const expiresAt = Math.floor(Date.now() / 1000) + daySeconds
  if (count > 0) await addRevocations(filling, { count, sid: revoked.sid, expiresAt })
  await filling.gatherStatistics()
  await filling.close()
  const services = await openServices(database)
  const tokens = [services.accessToken(good), services.accessToken(revoked)]
  await services.close()
  return { count, database, tokens, figures: [] }
}

interface Following {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly before: number
  readonly after: number
  readonly greatest: number
  readonly settled: number
  readonly accepted: readonly boolean[]
}

/** Starts both once, adds a row of figures, and answers which of the tokens each accepted. */
export async function startBeside({ database, tokens, figures }: Feed, idleMs: number) {
  const { folder, environment } = database
  const server = await startTimedServer(folder, environment)
  try {
    const started = server.usage()
    const accepted: boolean[] = []
    for (const token of tokens) accepted.push((await ask(server.url, 'GET', '/v1/user', { token })).status === 200)
    await new Promise((resolve) => setTimeout(resolve, idleMs))
    const idle = server.usage()
    const args = [server.url, environment.LATCHKEY_ISSUER as string, String(idleMs), ...tokens]
    const service = (await runScript('following-service.mjs', args)) as Following
    const served = server.usage()
    figures.push([
      ...[server.seconds, started.cpuSeconds, started.megabytes, started.greatestMegabytes],
      ...[idle.megabytes, served.megabytes, service.seconds, service.cpuSeconds],
      ...[service.before, service.after, service.greatest, service.settled],
    ])
    return { server: accepted, service: service.accepted }
  } finally {
    await server.end()
  }
}
