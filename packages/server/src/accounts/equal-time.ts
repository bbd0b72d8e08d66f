import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../store/store.js'
import { type Argon2Cost, costOfForm, dummyHash, formOf, recommendedCost, verifyArgon2id } from './argon2id.js'
import type { HashingQueue } from './hashing-queue.js'

const margin = 1.2
const samples = 3

/** Makes a failed login answer no earlier than the slowest check of any account could have. */
export interface EqualTime {
  /**
   * Resolves 1.2 times the dearest stored form after `startedAtMs` (on `performance.now()`), by a timer: no hash waits for it.
   * At once when that is past.
   */
  wait(startedAtMs: number): Promise<void>
  /** Measures anew, as after an import that brought dearer forms. */
  measure(): Promise<void>
}

/**
 * Measures every form of hash in the store, in the background; `wait` waits for that. Without it an account whose hash is of
 * an older, cheaper form would answer sooner than an unknown one.
 */
export function createEqualTime(parts: { store: Store; queue: HashingQueue; cost?: Argon2Cost }): EqualTime {
  const { store, queue, cost = recommendedCost } = parts

  async function measureAll(): Promise<number> {
    const forms = new Set([...(await storedForms(store)), formOf(cost)])
    let dearestMs = 0
    for (const form of forms) {
      const formCost = costOfForm(form)
      if (formCost !== undefined) dearestMs = Math.max(dearestMs, await measureOne(formCost))
    }
    return dearestMs * margin
  }

  async function measureOne(formCost: Argon2Cost): Promise<number> {
    const dummy = dummyHash(formCost)
    const secret = Buffer.from('measured')
    const times: number[] = []
    // The first one pays for memory and code that later ones find ready.
    for (let i = 0; i <= samples; i++) {
      const { startedAtMs, result } = await queue.run(async () => {
        await verifyArgon2id(dummy, secret)
        return performance.now()
      })
      if (i > 0) times.push(result - startedAtMs)
    }
    return times.sort((a, b) => a - b)[Math.floor(samples / 2)] as number
  }

  let floor = measureAll()
  // A measurement that failed ends no process; whoever waits first measures again.
  floor.catch(() => {})
  return Object.freeze({
    async wait(startedAtMs: number) {
      const floorMs = await floor.catch(() => {
        floor = measureAll()
        return floor
      })
      const leftMs = startedAtMs + floorMs - performance.now()
      // A timer counts whole milliseconds and may fire a little early.
      if (leftMs > 0) await sleep(Math.ceil(leftMs) + 1)
    },
    async measure() {
      const measured = measureAll()
      await measured
      floor = measured
    },
  })
}

/** The forms in use, one index step each, whatever the number of rows. */
async function storedForms(store: Store): Promise<readonly string[]> {
  const forms: string[] = []
  for (let last = ''; ; ) {
    const row = await store.db
      .selectFrom('identities')
      .select('secret_form')
      .where('secret_form', '>', last)
      .orderBy('secret_form')
      .limit(1)
      .executeTakeFirst()
    if (row === undefined || row.secret_form === null) return forms
    last = row.secret_form
    forms.push(last)
  }
}
