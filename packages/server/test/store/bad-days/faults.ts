/** What goes wrong on a bad day. */
import type { Postgres } from '../../../../query/test/postgres.js'
import type { ReplayingProxy } from './replaying-proxy.js'
import type { WatchedGuard } from './watched-guard.js'
import type { Wire } from './wire.js'

export interface World {
  /** Three. The first service follows the second of them, the second service the third. */
  readonly servers: readonly WatchedGuard[]
  readonly services: readonly WatchedGuard[]
  /** Between the first service and its server. */
  readonly wire: Wire
  /** Between the second service and its server. */
  readonly proxy: ReplayingProxy
  /** Between the second server and PostgreSQL. */
  readonly databaseWire: Wire | undefined
  readonly postgres: Postgres | undefined
}

export interface Fault {
  /** Of what kind, for the log. */
  readonly text: string
  /** Long enough for services to say that they are not fresh. */
  readonly isFelt: boolean
  /** Servers that are without their database for long enough to say that they are not ready. */
  readonly unready: readonly WatchedGuard[]
  /** Settles when it is over. */
  readonly over: Promise<void>
}

export interface Chance {
  readonly random: () => number
  /** Any length in milliseconds that a fault may have. */
  readonly lasts: () => number
}

export type BeginFault = (world: World, chance: Chance) => Fault

/** A guard says it after a second at the latest; it may have begun to read just before. */
const feltMs = 1300
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const oneOf = <Item>(list: readonly Item[], { random }: Chance) => list[Math.floor(random() * list.length)] as Item

export const faults: Readonly<Record<string, BeginFault>> = {
  'the connection of a guard is cut'({ wire }, chance) {
    return cut(wire, [], chance)
  },

  'the connection of a guard hangs'({ wire }, chance) {
    return hang(wire, [], chance)
  },

  'a guard is stopped (SIGSTOP)'({ services }, chance) {
    return pause(oneOf(services, chance), chance)
  },

  'a server is stopped (SIGSTOP)'({ servers }, chance) {
    return pause(oneOf(servers.slice(1), chance), chance)
  },

  'PostgreSQL is restarted'({ postgres, servers }, chance) {
    const ms = chance.lasts()
    const isFelt = ms >= feltMs
    const over = (postgres as Postgres).restart(ms)
    return { text: `away for ${ms} ms`, unready: isFelt ? servers : [], isFelt, over }
  },

  'PostgreSQL cannot be reached by one server'({ databaseWire, servers }, chance) {
    return cut(databaseWire as Wire, servers.slice(1, 2), chance)
  },

  'PostgreSQL hangs for one server'({ databaseWire, servers }, chance) {
    return hang(databaseWire as Wire, servers.slice(1, 2), chance)
  },

  'old pages are answered'({ proxy }, chance) {
    const ms = chance.lasts()
    const pages = oneOf(['one', 'any', 'some'] as const, chance)
    const ages = oneOf(['all', 'none', 'some'] as const, chance)
    proxy.replay({ pages, ages })
    const text = `${pages} of the old pages for ${ms} ms, ${ages} with Age`
    const isFelt = ms >= feltMs && pages !== 'some'
    return { text, unready: [], isFelt, over: sleep(ms).then(() => proxy.obey()) }
  },

  'two of these happen at once'(world, chance) {
    const possible = Object.entries(faults).filter(([name]) => world.postgres || !name.startsWith('PostgreSQL'))
    const list = possible.filter(([name]) => name !== 'two of these happen at once').map(([, begin]) => begin)
    const [one] = list.splice(Math.floor(chance.random() * list.length), 1) as [BeginFault]
    const both = [one, oneOf(list, chance)].map((begin) => begin(world, chance))
    return {
      text: both.map(({ text }) => text).join('; '),
      unready: both.flatMap(({ unready }) => unready),
      isFelt: both.some(({ isFelt }) => isFelt),
      over: Promise.all(both.map(({ over }) => over)).then(() => {}),
    }
  },
}

function pause(guard: WatchedGuard, chance: Chance): Fault {
  const ms = chance.lasts()
  guard.pause()
  const over = sleep(ms).then(() => guard.resume())
  return { text: `${guard.name} for ${ms} ms`, unready: [], isFelt: ms >= feltMs, over }
}

/** `servers`: those that need it. */
function cut(wire: Wire, servers: readonly WatchedGuard[], chance: Chance): Fault {
  const ms = chance.lasts()
  const isFelt = ms >= feltMs
  wire.cut()
  return {
    text: `cut for ${ms} ms`,
    unready: isFelt ? servers : [],
    ...{ isFelt, over: sleep(ms).then(() => wire.mend(false)) },
  }
}

function hang(wire: Wire, servers: readonly WatchedGuard[], chance: Chance): Fault {
  const ms = chance.lasts()
  const isFelt = ms >= feltMs
  const direction = oneOf(['requests', 'answers', 'both'] as const, chance)
  const isLost = oneOf([true, false], chance)
  wire.hang(direction)
  return {
    text: `${direction} held for ${ms} ms, then ${isLost ? 'lost' : 'delivered'}`,
    unready: isFelt ? servers : [],
    ...{ isFelt, over: sleep(ms).then(() => wire.mend(isLost)) },
  }
}
