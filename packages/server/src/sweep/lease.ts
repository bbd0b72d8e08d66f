/** Whose turn it is to do what one node at a time does, whatever becomes of it. */
import { randomBytes } from 'node:crypto'
import { replaceMeta } from '../store/replace-meta.js'
import type { Store } from '../store/store.js'

/** What there are turns for; each has its own. */
export type LeaseName = 'sweeping' | 'sealing' | 'delivering'

export interface Lease {
  /**
   * Takes the turn, or keeps it, for `seconds`; false when it is somebody else's. Whoever is stopped in the middle loses it when
   * these are over.
   */
  take(seconds: number): Promise<boolean>
  /** Gives it back, and lets nobody have it for `seconds`. */
  giveBack(seconds: number): Promise<void>
}

export function createLease(store: Store, name: LeaseName): Lease {
  const holder = randomBytes(8).toString('hex')

  async function write(owner: string, seconds: number): Promise<boolean> {
    const now = store.now()
    const value = `${owner} ${now + seconds}`
    const row = await store.db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
    if (row !== undefined && !isFree(row.value, holder, now)) return false
    return store.transaction((transaction) => replaceMeta(transaction, { name, before: row?.value, value }))
  }

  return Object.freeze({
    take: (seconds: number) => write(holder, seconds),
    async giveBack(seconds: number) {
      await write('nobody', seconds)
    },
  })
}

function isFree(value: string, holder: string, now: number): boolean {
  const [owner, until] = value.split(' ')
  return owner === holder || Number(until) <= now
}
