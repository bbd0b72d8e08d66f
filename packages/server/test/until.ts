import { setTimeout as pause } from 'node:timers/promises'

/** Waits until it holds; throws when it does not in time. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 20_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms`)
    await pause(10)
  }
}
