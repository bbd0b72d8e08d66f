/** Rotates the signing keys again and again, and retires each some time after it has signed. */
import { sleep } from '../store/kills/calls.js'
import type { Forgeries } from './forgeries.js'
import type { Model } from './model.js'
import type { World } from './world.js'

export interface Rotations {
  rotated: number
  retired: number
  /** Keys in the published set, at most. */
  published: number
  /** Rows of keys, those of retired ones too. */
  rows: number
  /** How long a key had been published before it signed, at least. */
  leastLeadSeconds: number
}

export const noRotations = (): Rotations => ({
  ...{ rotated: 0, retired: 0, published: 0, rows: 0, leastLeadSeconds: Number.POSITIVE_INFINITY },
})

export interface RotationOptions {
  readonly world: World
  readonly model: Model
  readonly forgeries: Forgeries
  readonly everySeconds: number
  /** How long a key must have been published before it signs. */
  readonly leadSeconds: number
  readonly isOver: () => boolean
}

/**
 * `latchkey key rotate` every `everySeconds`, and half of that later `latchkey key retire --now` for the key that signed before.
 * The command refuses while the next key was published less than `keyLeadSeconds` ago: that is waited for here.
 */
export async function runRotations(options: RotationOptions, rotations: Rotations): Promise<void> {
  const { world, model, forgeries, everySeconds, leadSeconds, isOver } = options
  async function until(atMs: number): Promise<void> {
    while (!isOver() && performance.now() < atMs) await sleep(Math.min(50, atMs - performance.now()))
  }
  async function look(): Promise<void> {
    const keySet = await world.keySet()
    forgeries.useKeySet(keySet)
    rotations.published = Math.max(rotations.published, JSON.parse(keySet).keys.length)
  }

  await look()
  for (let atMs = performance.now(); ; ) {
    atMs = Math.max(atMs + everySeconds * 1000, performance.now())
    await until(atMs)
    if (isOver()) return
    const keys = await world.listKeys()
    rotations.rows = keys.length
    const next = keys.find(({ state }) => state === 'next')
    const before = keys.find(({ state }) => state === 'signs')
    if (next === undefined || before === undefined) throw new Error('There must be a key that signs, and a next one')
    const leadAtMs = (next.published_at + leadSeconds) * 1000
    await until(performance.now() + leadAtMs - Date.now())
    if (isOver()) return
    rotations.leastLeadSeconds = Math.min(rotations.leastLeadSeconds, Date.now() / 1000 - next.published_at)
    await world.rotateKeys()
    rotations.rotated++
    await look()
    await until(atMs + everySeconds * 500)
    if (isOver()) return
    const key = model.keys.get(before.kid)
    if (key) key.end.askedAtMs = performance.now()
    await world.retireKey(before.kid)
    if (key) model.retire(key)
    rotations.retired++
    await look()
  }
}
