/** One page of `GET /v1/revocations`, as a service reads it. */
import type { JsonObject } from '../encoding/index.js'
import type { Revocation } from '../token/index.js'

export interface FeedPage {
  readonly feedId: string
  readonly rows: readonly Revocation[]
  /** What to ask for next. */
  readonly next: string
  readonly more: boolean
  /** Full, and settled: it never changes, however long a cache had it. */
  readonly final: boolean
  /** How long before the answer the database was read. */
  readonly ageMs: number
  /** The server's clock when the database was read, in milliseconds since the epoch. */
  readonly nowMs: number
  /** Who wrote it, and when by a clock of its own; undefined from servers that do not say. */
  readonly process: { readonly id: string; readonly ms: number } | undefined
  readonly keysVersion: number
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** @throws Error when it is none. */
export function readFeedPage(json: JsonObject): FeedPage {
  const { feed_id, rows, next, more, final, age_ms, now, process_id, process_ms, keys_version } = json
  const isPage =
    typeof feed_id === 'string' &&
    typeof next === 'string' &&
    typeof more === 'boolean' &&
    typeof final === 'boolean' &&
    Array.isArray(rows) &&
    typeof age_ms === 'number' &&
    age_ms >= 0 &&
    isCount(now) &&
    isCount(keys_version)
  if (!isPage) throw new Error('The feed must answer pages as Latchkey writes them')
  return {
    ...{ feedId: feed_id, next, more, final, ageMs: age_ms, nowMs: now, keysVersion: keys_version },
    process: typeof process_id === 'string' && isCount(process_ms) ? { id: process_id, ms: process_ms } : undefined,
    rows: rows.map(readRow),
  }
}

function readRow(row: unknown): Revocation {
  const [kind, id, min, expiresAt] = Array.isArray(row) ? row : []
  if (typeof kind !== 'string' || typeof id !== 'string' || !isCount(min) || !isCount(expiresAt)) {
    throw new Error('A row of the feed must be kind, id, min and expires_at')
  }
  return { kind, id, min, expiresAt }
}
