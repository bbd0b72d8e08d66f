import type { ReadFeed } from '../feed.js'
import type { Reading } from '../store.js'

/**
 * Rows in the order of their numbers, which is that of their commits: SQLite lets one transaction write at a time, and gives no
 * number twice.
 */
export function createReadFeed(db: Reading): ReadFeed {
  return async (after, limit) => {
    const position = /^[0-9]{1,15}$/.test(after) ? Number(after) : 0
    const meta = await db.selectFrom('meta').selectAll().where('name', 'in', ['feed_id', 'keys_version']).execute()
    const value = (name: string) => meta.find((row) => row.name === name)?.value
    const read = (from: number) =>
      db.selectFrom('revocations').selectAll().where('position', '>', from).orderBy('position').limit(limit).execute()
    const rows = await read(position)
    const last = String(rows.at(-1)?.position ?? position)
    return {
      rows: rows.map(({ kind, id, min, expires_at }) => ({ kind, id, min, expires_at })),
      ...{ last, settled: last, more: rows.length === limit },
      ...{ feedId: value('feed_id') ?? '', keysVersion: Number(value('keys_version') ?? 0), nowMs: undefined },
    }
  }
}
