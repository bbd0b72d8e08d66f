import { type Expression, type OperationNode, RawNode, SelectModifierNode, sql } from 'kysely'

const MARK = '/* with deleted */'

/** Any Kysely builder: select, insert, update, delete or merge. */
export interface MarkableQuery {
  modifyEnd(modifier: Expression<unknown>): unknown
}

/**
 * Lets one query see deleted rows: `softDelete` leaves the tables of this query level alone, and lets `db.deleteFrom` and
 * `db.mergeInto` through. The SQL shows it as a comment, `/* with deleted *\/`.
 *
 * It does not reach subqueries, common table expressions or the other side of a union: mark each that needs it.
 *
 * @example
 * await db.selectFrom('post').selectAll().$call(withDeleted).execute()
 * await db.deleteFrom('post').where('id', '=', 1).$call(withDeleted).execute() // deletes for good
 */
export function withDeleted<Query extends MarkableQuery>(query: Query): Query {
  const mark = sql.raw(MARK)
  const select = query as Query & { modifyFront?: MarkableQuery['modifyEnd'] }
  // In front, where a select stands in a union: the end of the first part would be the end of the whole.
  return (select.modifyFront === undefined ? query.modifyEnd(mark) : select.modifyFront(mark)) as Query
}

/** Whether `withDeleted` marked this query level. The text counts, since plugins before this one copy the nodes. */
export function isMarked(level: {
  readonly frontModifiers?: readonly OperationNode[]
  readonly endModifiers?: readonly OperationNode[]
}): boolean {
  return [...(level.frontModifiers ?? []), ...(level.endModifiers ?? [])].some((modifier) => {
    const node = SelectModifierNode.is(modifier) ? modifier.rawModifier : modifier
    return node !== undefined && RawNode.is(node) && node.sqlFragments.length === 1 && node.sqlFragments[0] === MARK
  })
}
