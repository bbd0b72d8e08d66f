/** Rows in the feed of revocations, as tests write and change them. */
import { randomBytes } from 'node:crypto'
import { writeRevocations } from '../../src/revocations/write-revocations.js'
import { openStore, type StoreOptions } from '../../src/store/open-store.js'
import type { Store } from '../../src/store/store.js'

const rowOf = (id: string) => ({ kind: 's' as const, id, min: 1, expires_at: 4_000_000_000 })
const newId = () => randomBytes(16).toString('base64url')
const rowsAtOnce = 1_000

/** Writes so many rows; their ids, in the order of the feed. */
export async function writeRows(store: Store, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, newId)
  for (let at = 0; at < count; at += rowsAtOnce) {
    const rows = ids.slice(at, at + rowsAtOnce).map(rowOf)
    await store.transaction((t) => writeRevocations(t, rows))
  }
  return ids
}

/** As after a backup was restored. */
export async function nameFeed(store: Store, name: string): Promise<void> {
  await store.transaction((t) => t.updateTable('meta').set({ value: name }).where('name', '=', 'feed_id').execute())
}

/** Puts another id in the place of one. */
export async function rename(store: Store, id: string, other: string): Promise<void> {
  await store.transaction((t) => t.updateTable('revocations').set({ id: other }).where('id', '=', id).execute())
}

/** A transaction that has written one row, and stays open until it is told to commit. */
export async function openTransaction(options: StoreOptions) {
  const store = await openStore(options)
  const id = newId()
  let commit = () => {}
  const told = new Promise<void>((resolve) => {
    commit = resolve
  })
  let running: Promise<void> | undefined
  await new Promise<void>((resolve, reject) => {
    running = store.transaction(async (t) => {
      await writeRevocations(t, [rowOf(id)])
      resolve()
      await told
    })
    running.catch(reject)
  })
  return {
    id,
    async commit() {
      commit()
      await running
      await store.close()
    },
  }
}
