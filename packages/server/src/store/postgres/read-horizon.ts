import { sql } from 'kysely'
import type { HorizonHolder } from '../horizon.js'
import type { Reading } from '../store.js'

interface Row {
  readonly xid: string
  readonly pid: string
  readonly application: string
  readonly state: string
  readonly seconds: number | null
}

/**
 * The oldest transaction that may still write. Since when it runs is told to whoever may see the sessions of others alone
 * (`pg_monitor`); to others it counts from when it was first seen here.
 */
export function createReadHorizon(db: Reading): () => Promise<HorizonHolder | undefined> {
  let seen: { readonly xid: string; readonly atMs: number } | undefined
  return async () => {
    const { rows } = await sql<Row>`
      with horizon as (select pg_snapshot_xmin(pg_current_snapshot()) as xid)
      select h.xid::text as xid, a.pid::text as pid, coalesce(a.application_name, '') as application,
        coalesce(a.state, 'unknown') as state,
        extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds
      from horizon h join pg_stat_activity a on a.backend_xid = h.xid::xid
      union all
      select h.xid::text, '', p.gid, 'prepared', extract(epoch from clock_timestamp() - p.prepared)::float8
      from horizon h join pg_prepared_xacts p on p.transaction = h.xid::xid
      limit 1`.execute(db)
    const [row] = rows
    if (row === undefined) {
      seen = undefined
      return undefined
    }
    const { xid, seconds, ...names } = row
    if (seen?.xid !== xid) seen = { xid, atMs: performance.now() }
    return { ...names, seconds: Math.max(seconds ?? 0, (performance.now() - seen.atMs) / 1000) }
  }
}
