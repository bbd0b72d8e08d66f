import type { Reading, Store } from '../store/store.js'

const name = 'longest_ttl_seconds'
/** What any node may be configured with. */
const maxTtlSeconds = 30 * 24 * 3600

/** Remembers the longest life of a token that any node ever issued: a key verifies for as long after it has signed. */
export async function rememberTtl(store: Store, ttlSeconds: number): Promise<void> {
  if ((await read(store.db)) >= ttlSeconds) return
  await store.transaction(async (transaction) => {
    const longest = Math.max(ttlSeconds, await read(transaction))
    await transaction
      .insertInto('meta')
      .values({ name, value: String(longest) })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: String(longest) }))
      .execute()
  })
}

/** In seconds; the longest there can be when no node has said. */
export async function readLongestTtl(db: Reading): Promise<number> {
  return (await read(db)) || maxTtlSeconds
}

async function read(db: Reading): Promise<number> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
  return Number(row?.value ?? 0)
}
