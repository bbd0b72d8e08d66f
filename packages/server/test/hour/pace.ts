/** How quickly the load comes. */
import { sleep } from '../store/kills/calls.js'
import type { Load } from './load.js'
import { takeStep } from './steps.js'

/** Who waits for answers while the capacity is measured. */
const workers = 32
/** When so many wait for an answer, no more are sent. */
const atMostUnderWay = 400
const tickMs = 5

/** How many requests a second are answered when as many as the machine takes are sent for `seconds`. */
export async function measureCapacity(load: Load, seconds: number): Promise<number> {
  const { journal } = load
  const before = journal.answers
  const beganAtMs = performance.now()
  const isOver = () => performance.now() - beganAtMs >= seconds * 1000
  const work = async () => {
    while (!isOver()) await takeStep(load)
  }
  await Promise.all(Array.from({ length: workers }, work))
  return ((journal.answers - before) / (performance.now() - beganAtMs)) * 1000
}

/** Sends so many a second, whenever answers come, until it is over, and waits for the last answers. */
export async function runPaced(load: Load, perSecond: number, isOver: () => boolean): Promise<void> {
  const underWay = new Set<Promise<unknown>>()
  const failures: unknown[] = []
  const beganAtMs = performance.now()
  for (let sent = 0; !isOver() && failures.length === 0; await sleep(tickMs)) {
    const due = Math.floor(((performance.now() - beganAtMs) * perSecond) / 1000)
    for (; sent < due; sent++) {
      if (underWay.size >= atMostUnderWay) {
        load.journal.unsent++
        continue
      }
      const done = takeStep(load)
        .catch((error) => failures.push(error))
        .finally(() => underWay.delete(done))
      underWay.add(done)
    }
  }
  await Promise.all(underWay)
  if (failures.length > 0) throw failures[0]
}
