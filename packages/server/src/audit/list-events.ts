import type { ExpressionBuilder } from 'kysely'
import type { AuditEventRow, LatchkeyDatabase } from '../store/schema.js'
import type { Reading, Store } from '../store/store.js'

/** A row of the audit log as people and programs see it. */
export interface AuditEntry {
  readonly id: number
  /** ISO 8601, UTC. */
  readonly at: string
  readonly event: string
  readonly outcome: string
  /** Who did it: `user`, `operator` or `nobody`; null in rows of before this was written. */
  readonly actor: string | null
  readonly actor_uid: string | null
  /** Whom it concerns. */
  readonly uid: string | null
  readonly sid: string | null
  readonly client_type: number | null
  readonly account_hash: string | null
  readonly address_prefix: string | null
  readonly request_id: string | null
  readonly detail: string | null
  /** The number of its seal; null: not sealed yet. */
  readonly seal: number | null
}

export interface AuditFilter {
  /** Whom it concerns, who did it, or whose account a refused login named. */
  readonly user?: { readonly uid?: number | undefined; readonly accountHashes: readonly string[] } | undefined
  readonly event?: string | undefined
  readonly outcome?: string | undefined
  /** Epoch seconds, both included. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

export interface AuditPage {
  readonly events: readonly AuditEntry[]
  /**
   * What to give as `after` for what comes next; null when there has been no sealed row. It is the place of the last sealed
   * row: those that have no seal yet come again, under their seals, and none is lost.
   */
  readonly next: string | null
  /** There are more sealed rows. */
  readonly more: boolean
}

/** A cursor, as it is written: number of the seal, number of the row. */
export const cursorSyntax = /^([0-9]{1,15})\.([0-9]{1,15})$/

/**
 * A page of the audit log in the order of its chain, which is nearly that of time: `limit` sealed rows after the cursor at
 * most, and on the last page those that have no seal yet.
 */
export async function listEvents(
  { db }: Store,
  { after, limit, ...filter }: AuditFilter & { readonly after?: string | undefined; readonly limit: number },
): Promise<AuditPage> {
  const [, seal = '0', id = '0'] = cursorSyntax.exec(after ?? '') ?? []
  // Before the sealed ones: a row that is sealed between the two reads comes twice, not never.
  const unsealed = await matching(db, filter).where('seal', 'is', null).orderBy('id').limit(limit).execute()
  const { since } = filter
  const sealed = await matching(db, filter)
    .$if(since !== undefined, (query) => query.where('seal', '>=', (eb) => firstSealSince(eb, since as number)))
    .where((eb) => eb(eb.refTuple('seal', 'id'), '>', eb.tuple(Number(seal), Number(id))))
    .orderBy('seal')
    .orderBy('id')
    .limit(limit + 1)
    .execute()
  const more = sealed.length > limit
  const page = sealed.slice(0, limit)
  const last = page.at(-1)
  const known = new Set(page.map((row) => row.id))
  const fresh = more ? [] : unsealed.filter((row) => !known.has(row.id))
  return {
    events: [...page, ...fresh].map(entryOf),
    next: last === undefined ? (after ?? null) : `${last.seal}.${last.id}`,
    more,
  }
}

/** Rows of earlier seals are older: of ten million rows they need not be looked at. */
function firstSealSince(eb: ExpressionBuilder<LatchkeyDatabase, 'audit_events'>, since: number) {
  return eb
    .selectFrom('audit_seals')
    .select((of) => of.fn.min('number').as('first'))
    .where('newest_at', '>=', since)
}

function matching(db: Reading, { user, event, outcome, since, until }: AuditFilter) {
  let query = db.selectFrom('audit_events').selectAll()
  if (event !== undefined) query = query.where('event', '=', event)
  if (outcome !== undefined) query = query.where('outcome', '=', outcome)
  if (since !== undefined) query = query.where('at', '>=', since)
  if (until !== undefined) query = query.where('at', '<=', until)
  if (user === undefined) return query
  const { uid, accountHashes } = user
  return query.where((eb) =>
    eb.or([
      ...(uid === undefined
        ? []
        : [eb('uid', '=', uid), eb.and([eb('actor_uid', '=', uid), eb('actor_uid', '!=', eb.ref('uid'))])]),
      ...(accountHashes.length === 0 ? [] : [eb('account_hash', 'in', accountHashes)]),
    ]),
  )
}

/** As it is shown. */
export function entryOf(row: AuditEventRow): AuditEntry {
  const { id, at, event, outcome, actor, actor_uid, uid, sid, client_type, account_hash } = row
  const { address_prefix, request_id, detail, seal } = row
  const text = (number: number | null) => (number === null ? null : String(number))
  return {
    ...{ id, at: new Date(at * 1000).toISOString(), event, outcome, actor, actor_uid: text(actor_uid) },
    ...{ uid: text(uid), sid, client_type, account_hash, address_prefix, request_id, detail, seal },
  }
}
