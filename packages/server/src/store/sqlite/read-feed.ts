import type { FeedRead, ReadFeed } from '../feed.js'
import type { Reading } from '../store.js'

/**
 * Rows in the order of their numbers, which is that of their commits: SQLite lets one transaction write at a time, and gives no
 * number twice. `version` tells when anything was committed: a read that found nothing new is not made again before.
 */
export function createReadFeed(db: Reading, version: () => number): ReadFeed {
  let idle: { readonly version: number; readonly after: string; readonly answer: FeedRead } | undefined
  return async (after, limit) => {
    // Before the read: a commit between the two shows the next time.
    const current = version()
    if (idle?.version === current && idle.after === after) return idle.answer
    const answer = await readRows(db, after, limit)
    idle = answer.rows.length === 0 ? { version: current, after, answer } : undefined
    return answer
  }
}

async function readRows(db: Reading, after: string, limit: number): Promise<FeedRead> {
  let position = /^[0-9]{1,15}$/.test(after) ? Number(after) : 0
  const meta = await db.selectFrom('meta').selectAll().where('name', 'in', ['feed_id', 'keys_version']).execute()
  const value = (name: string) => meta.find((row) => row.name === name)?.value
  const read = (from: number) =>
    db.selectFrom('revocations').selectAll().where('position', '>', from).orderBy('position').limit(limit).execute()
  let rows = await read(position)
  // After a database that lost its end, a cursor may lie past it: what came there since would be missed.
  if (rows.length === 0 && position > 0 && position > (await readHead(db))) {
    position = 0
    rows = await read(0)
  }
  const last = String(rows.at(-1)?.position ?? position)
  return {
    rows: rows.map(({ kind, id, min, expires_at }) => ({ kind, id, min, expires_at })),
    ...{ last, settled: last, more: rows.length === limit },
    ...{ feedId: value('feed_id') ?? '', keysVersion: Number(value('keys_version') ?? 0), nowMs: undefined },
    // A file says nothing of itself.
    ...{ identity: undefined, knownIdentity: undefined },
  }
}

async function readHead(db: Reading): Promise<number> {
  const row = await db
    .selectFrom('revocations')
    .select('position')
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.position ?? 0
}
