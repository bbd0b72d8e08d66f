/** One run: users log in, the capacity is measured, and then half of it is sent while keys are rotated and memory is watched. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { sleep } from '../store/kills/calls.js'
import { createChoices } from '../store/kills/choices.js'
import { createForgeries } from './forgeries.js'
import { Journal } from './journal.js'
import { ask, type Load } from './load.js'
import { Model } from './model.js'
import { measureCapacity, runPaced } from './pace.js'
import { noRotations, type Rotations, runRotations } from './rotation.js'
import { begin } from './steps.js'
import { type Memory, openWorld, type World } from './world.js'

const resolutionMs = 10

export interface RunOptions {
  readonly folder: string
  readonly seed: number
  readonly users: number
  readonly capacitySeconds: number
  readonly rotateEverySeconds: number
  /** Of access tokens. A key is retired half a turn after it has signed: some of its tokens should be left then. */
  readonly ttlSeconds: number
}

export interface Run {
  readonly world: World
  readonly load: Load
  /** Requests a second. */
  readonly capacity: number
  /** What was sent to measure it. */
  readonly beyond: Journal
  /** Forgets all there is, and logs everybody in again. */
  renew(): Promise<void>
  /** Half of the capacity for so long. */
  go(options: GoOptions): Promise<Went>
  close(): Promise<void>
}

export interface GoOptions {
  readonly seconds: number
  readonly measureEverySeconds: number
  /** Whether keys are rotated; default true. */
  readonly rotates?: boolean
  /** It ends sooner when there are so many: more of them tell nothing new. Default 50. */
  readonly violationsAtMost?: number
}

export interface Went {
  readonly journal: Journal
  readonly rotations: Rotations
  /** By process, in the order of time. */
  readonly memory: ReadonlyMap<string, readonly Memory[]>
  /** How late the event loop of the load was at most. */
  readonly loopDelayMs: number
  readonly seconds: number
}

export async function openRun(options: RunOptions): Promise<Run> {
  const { folder, seed, users, capacitySeconds, rotateEverySeconds, ttlSeconds } = options
  const leadSeconds = rotateEverySeconds / 2
  const world = await openWorld(folder, ttlSeconds, leadSeconds)
  const model = new Model(Math.min(5, ttlSeconds / 4) * 1000)
  const cleaning = setInterval(() => model.expire(), 1000)
  async function close(): Promise<void> {
    clearInterval(cleaning)
    await world.close()
  }
  try {
    const choices = createChoices(seed, 'load')
    const forgeries = createForgeries(createChoices(seed, 'forgeries'))
    const beyond = new Journal(Number.POSITIVE_INFINITY)
    const load: Load = { guards: world.guards, model, choices, forgeries, journal: beyond }
    forgeries.useKeySet(await world.keySet())
    await register(load, users)
    // Programs are slow before they were asked for a while.
    await measureCapacity(load, capacitySeconds / 4)
    const capacity = await measureCapacity(load, capacitySeconds)
    return {
      ...{ world, load, capacity, beyond, close },
      async renew() {
        model.clear()
        await Promise.all(model.users.map((user) => begin(load, user)))
      },
      async go({ seconds, measureEverySeconds, rotates = true, violationsAtMost = 50 }) {
        const journal = new Journal()
        load.journal = journal
        const delay = monitorEventLoopDelay({ resolution: resolutionMs })
        delay.enable()
        const beganAtMs = performance.now()
        let hasFailed = false
        const isOver = () =>
          hasFailed || performance.now() - beganAtMs >= seconds * 1000 || journal.violations.length >= violationsAtMost
        const rotations = noRotations()
        const memory = new Map<string, Memory[]>(world.guards.map(({ name }) => [name, []]))
        const parts = [runPaced(load, capacity / 2, isOver), watchMemory(world, memory, measureEverySeconds, isOver)]
        if (rotates) {
          const shared = { world, model, forgeries, isOver }
          parts.push(runRotations({ ...shared, everySeconds: rotateEverySeconds, leadSeconds }, rotations))
        }
        const failing = parts.map((part) =>
          part.catch((error) => {
            hasFailed = true
            throw error
          }),
        )
        await Promise.allSettled(failing)
        await Promise.all(failing)
        delay.disable()
        const loopDelayMs = Math.max(0, delay.max / 1e6 - resolutionMs)
        return { journal, rotations, memory, loopDelayMs, seconds: (performance.now() - beganAtMs) / 1000 }
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Two at a time, as hashes have two threads; and logs each in twice. */
async function register(load: Load, count: number): Promise<void> {
  const { model, guards, journal } = load
  const credential = { ends: [], expiresAtMs: Number.POSITIVE_INFINITY }
  let begun = 0
  const some = async () => {
    while (begun < count) {
      const number = ++begun
      const [account, secret] = [`user.${number}@example.org`, `a long passphrase ${number}`]
      const body = { account, secret, type: 100, nickname: 'somebody' }
      const request = { kind: 'register', method: 'POST', path: '/v1/client/register', body, credential } as const
      await ask(load, guards[0], request)
      const staysLoggedIn = number % 2 === 0
      const user = { account, secret, oldSecret: undefined, sessions: [], staysLoggedIn, isBusy: false }
      await begin(load, user)
      await begin(load, user)
      model.users.push(user)
    }
  }
  await Promise.all([some(), some()])
  if (journal.violations.length > 0 || journal.busy > 0) throw new Error('Users could not be registered')
}

async function watchMemory(
  world: World,
  memory: ReadonlyMap<string, Memory[]>,
  everySeconds: number,
  isOver: () => boolean,
): Promise<void> {
  for (let atMs = performance.now(); !isOver(); ) {
    atMs += everySeconds * 1000
    while (!isOver() && performance.now() < atMs) await sleep(Math.min(50, atMs - performance.now()))
    for (const [name, seen] of await world.measure()) memory.get(name)?.push(seen)
  }
}
