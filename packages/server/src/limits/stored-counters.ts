import { sql } from 'kysely'
import type { Log } from '../log/log.js'
import type { Store } from '../store/store.js'
import { type Counted, type Counters, type Taken, tooMany } from './counters.js'

/** A process that dies in the middle of a try never ends it; no try takes longer. */
const runningSeconds = 60

/** Counts in the database: all processes together, by its clock. */
export function createStoredCounters({ store, log }: { readonly store: Store; readonly log: Log }): Counters {
  async function take(list: readonly Counted[]): Promise<Taken> {
    // In one order everywhere: two that want the same rows do not wait for each other.
    const counted = [...list].sort((a, b) => (a.key < b.key ? -1 : 1))
    const taken = counted.length === 0 ? [] : await takeAll(store, counted)
    return {
      async end(failed: boolean) {
        if (taken.length === 0) return
        // What was tried has its answer by now. Places that cannot be given back are taken for wrong until their time is over.
        await endAll(store, taken, failed).catch((error: unknown) =>
          log.error('the places of a try could not be given back', { err: error }),
        )
      },
    }
  }
  return Object.freeze({ take })
}

interface TakenRow {
  readonly key: string
  readonly ends_at: number
  readonly running_ends_at: number
}

async function takeAll(store: Store, counted: readonly Counted[]): Promise<readonly TakenRow[]> {
  const now = store.now()
  return store.transaction(async (transaction) => {
    const rows = await transaction
      .insertInto('attempts')
      .values(
        counted.map(({ key, seconds }) => ({
          ...{ key, failed: 0, running: 1, ends_at: now + seconds, running_ends_at: now + runningSeconds },
        })),
      )
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({
          failed: sql<number>`case when attempts.ends_at <= ${now} then 0 else attempts.failed end`,
          ends_at: sql<number>`case when attempts.ends_at <= ${now} then excluded.ends_at else attempts.ends_at end`,
          running: sql<number>`case when ${isRunningOver(now)} then 1 else attempts.running + 1 end`,
          running_ends_at: sql<number>`case when ${isRunningOver(now)} then excluded.running_ends_at else attempts.running_ends_at end`,
        }),
      )
      .returning(['key', 'failed', 'running', 'ends_at', 'running_ends_at'])
      .execute()
    for (const one of counted) {
      const row = rows.find(({ key }) => key === one.key)
      // Undoes what was taken under the other keys.
      if (row !== undefined && row.failed + row.running > one.places) {
        throw tooMany(one, { failed: row.failed, running: row.running, endsAt: row.ends_at }, now)
      }
    }
    return rows
  })
}

/** Only what has not begun anew since. */
async function endAll(store: Store, taken: readonly TakenRow[], failed: boolean): Promise<void> {
  await store.transaction(async (transaction) => {
    for (const { key, ends_at, running_ends_at } of taken) {
      await transaction
        .updateTable('attempts')
        .set({
          running: sql<number>`case when running_ends_at = ${running_ends_at} then running - 1 else running end`,
          ...(failed ? { failed: sql<number>`failed + 1` } : {}),
        })
        .where('key', '=', key)
        .where('ends_at', '=', ends_at)
        .execute()
    }
  })
}

function isRunningOver(now: number) {
  return sql<boolean>`(attempts.ends_at <= ${now} or attempts.running_ends_at <= ${now})`
}
