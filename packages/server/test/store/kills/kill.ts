/** What kills: one server every two seconds, or PostgreSQL every few; at any moment, or just when something happens. */
import { type Calls, sleep } from './calls.js'
import { type Choices, createChoices } from './choices.js'
import type { Journal } from './journal.js'
import { showEnded } from './refusal.js'
import type { World } from './world.js'

export interface KillOptions {
  readonly world: World
  readonly calls: Calls
  readonly journal: Journal
  readonly seed: number
  readonly isOver: () => boolean
}

const killEveryMs = 2000
/** Who waits for a moment that does not come, waits no longer. */
const aimedForMs = 1000

/** By SIGKILL. On a busy machine, where a start takes longer than two seconds, as soon after as another server listens. */
export async function killServers({ world, calls, journal, seed, isOver }: KillOptions): Promise<void> {
  const choices = createChoices(seed, 'which server is killed')
  const { servers } = world
  for (let nextMs = performance.now() + killEveryMs; ; nextMs = Math.max(nextMs + killEveryMs, performance.now())) {
    await sleep(nextMs - performance.now())
    const server = choices.oneOf(servers)
    while (!isOver() && !servers.some((one) => one !== server && one.isListening())) await sleep(20)
    const at = servers.indexOf(server)
    await aim(calls, choices, at)
    if (isOver()) return
    await server.kill()
    journal.figures.kills++
    // It may be killed again before; that it did not start for another reason is written down where it is started.
    server.ready().then(
      () => showEnded(calls, journal, at),
      () => {},
    )
  }
}

/** By SIGKILL; it starts again at once and recovers, and is left alone for one to four seconds. */
export async function killPostgres({ world, calls, journal, seed, isOver }: KillOptions): Promise<void> {
  const choices = createChoices(seed, 'when PostgreSQL is killed')
  for (;;) {
    await sleep(choices.between(1000, 4000))
    await aim(calls, choices)
    if (isOver()) return
    await world.killPostgres()
    journal.figures.kills++
  }
}

/** Now; or while a request is under way; or just when an answer has arrived that must be true from now on. */
async function aim(calls: Calls, choices: Choices, server?: number): Promise<void> {
  const moment = choices.oneOf(['now', 'sent', 'acknowledged', 'ended'] as const)
  if (moment === 'now') return
  await Promise.race([calls.next(moment, server), sleep(aimedForMs)])
  if (moment === 'sent') await sleep(choices.between(0, 10))
}
