import { sql } from 'kysely'
import { feedStart, type ReadFeed } from '../feed.js'
import { identityName, unknownSystem } from '../identity.js'
import type { RevocationKind } from '../schema.js'
import type { Reading } from '../store.js'

interface Row {
  readonly kind: RevocationKind | null
  readonly id: string
  readonly min: number
  readonly expires_at: number
  readonly position: number
  readonly xid: string
  readonly is_settled: boolean
  readonly now_ms: number
  readonly head: string | null
  readonly feed_id: string | null
  readonly keys_version: string | null
  readonly identity: string | null
  readonly known_identity: string | null
}

/**
 * Rows in the order of the transactions that wrote them. Transactions commit in another order than they begin, so a row may
 * still appear before one that was read; only what lies before the oldest transaction that runs is settled. (A cursor over
 * numbers alone loses rows; delivering settled rows alone stops while any transaction of the cluster is open.)
 *
 * The database is told from its copies by the system identifier of its cluster, where this user may read that, and by the
 * numbers of itself and of its tables, which are others after a dump was restored.
 */
export function createReadFeed(db: Reading, schema: string, hasSystemIdentifier: boolean): ReadFeed {
  const system = hasSystemIdentifier
    ? sql`(select system_identifier::text from pg_control_system())`
    : sql`${sql.lit(unknownSystem)}::text`
  const numbers = sql`(select oid::text from pg_database where datname = current_database()) || '.' || ${sql.lit(`${schema}.meta`)}::regclass::oid`
  const identity = sql`${system} || '.' || ${numbers}`
  const table = (name: string) => sql.table(`${schema}.${name}`)
  return async function readFeed(after, limit) {
    const [, xid = '0', position = '0'] = /^([0-9]{1,20})\.([0-9]{1,15})$/.exec(after) ?? []
    const { rows } = await sql<Row>`
      select r.kind, r.id, r.min, r.expires_at, r.position, r.xid::text as xid, r.xid < s.horizon as is_settled,
        s.now_ms, s.head, s.feed_id, s.keys_version, s.identity, s.known_identity
      from (
        select pg_snapshot_xmin(pg_current_snapshot()) as horizon,
          (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms,
          (select xid::text || '.' || position from ${table('revocations')}
            order by xid desc, position desc limit 1) as head,
          (select value from ${table('meta')} where name = 'feed_id') as feed_id,
          (select value from ${table('meta')} where name = 'keys_version') as keys_version,
          (select value from ${table('meta')} where name = ${identityName}) as known_identity,
          ${identity} as identity
      ) s
      left join lateral (
        select * from ${table('revocations')}
        where (xid, position) > (${xid}::text::xid8, ${position}::bigint)
        order by xid, position limit ${limit}
      ) r on true
      order by r.xid, r.position`.execute(db)
    const [first] = rows
    if (first === undefined) throw new Error('The feed answered no row at all')
    const found = first.kind === null ? [] : rows
    // After a database that lost its end, a cursor may lie past it: what came there since would be missed.
    if (found.length === 0 && xid !== '0' && isAfter(`${xid}.${position}`, first.head ?? '0.0')) {
      return readFeed(feedStart, limit)
    }
    const cursorOf = (row: Row | undefined) => (row === undefined ? `${xid}.${position}` : `${row.xid}.${row.position}`)
    const unsettled = found.findIndex((row) => !row.is_settled)
    const settled = unsettled < 0 ? found.at(-1) : found[unsettled - 1]
    return {
      rows: found.map(({ kind, id, min, expires_at }) => ({ kind: kind as RevocationKind, id, min, expires_at })),
      ...{ last: cursorOf(found.at(-1)), settled: cursorOf(settled), more: found.length === limit },
      ...{ feedId: first.feed_id ?? '', keysVersion: Number(first.keys_version ?? 0), nowMs: first.now_ms },
      ...{ identity: first.identity ?? undefined, knownIdentity: first.known_identity ?? undefined },
    }
  }
}

function isAfter(one: string, other: string): boolean {
  const [xid, position] = one.split('.').map(BigInt) as [bigint, bigint]
  const [otherXid, otherPosition] = other.split('.').map(BigInt) as [bigint, bigint]
  return xid === otherXid ? position > otherPosition : xid > otherXid
}
