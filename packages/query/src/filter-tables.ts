import { type JoinNode, type JoinType, OnNode, type OperationNode } from 'kysely'
import { allOf, liveCondition, liveRows } from './live-condition.js'
import type { CheckedOptions } from './options.js'
import { referenceTable, type Source } from './source.js'

const KEEPS_RIGHT: ReadonlySet<JoinType> = new Set<JoinType>(['RightJoin', 'FullJoin'])
const KEEPS_LEFT: ReadonlySet<JoinType> = new Set<JoinType>(['LeftJoin', 'LateralLeftJoin'])

export interface FilteredTables {
  readonly froms: readonly OperationNode[]
  readonly joins: readonly JoinNode[]
  /** What WHERE must say besides. */
  readonly where: readonly OperationNode[]
}

/**
 * Hides deleted rows of the tables in FROM and JOIN, as if the rows were not there: `hidden` answers the source when its
 * table is to be filtered.
 *
 * A left-joined table is filtered in ON, others in WHERE. A right or full join adds rows of nulls for all tables before it,
 * which WHERE would drop; they, and the joined table, become `(select ... where live)`.
 */
export function filterTables(
  froms: readonly OperationNode[],
  joins: readonly JoinNode[],
  hidden: (node: OperationNode) => Source | undefined,
  options: CheckedOptions,
): FilteredTables {
  const where: OperationNode[] = []
  const lastKeepsRight = joins.findLastIndex(({ joinType }) => KEEPS_RIGHT.has(joinType))

  const filtered = (node: OperationNode, asRows: boolean): OperationNode => {
    const source = hidden(node)
    if (source === undefined) return node
    const name = referenceTable(source)
    if (asRows || name === undefined) return liveRows(source, options)
    where.push(liveCondition(name, options))
    return node
  }

  const joined = (join: JoinNode, index: number): JoinNode => {
    const source = KEEPS_LEFT.has(join.joinType) ? hidden(join.table) : undefined
    const name = source && referenceTable(source)
    if (name !== undefined) return { ...join, on: OnNode.create(allOf(join.on?.on, [liveCondition(name, options)])) }
    const asRows = index <= lastKeepsRight || source !== undefined || join.joinType === 'OuterApply'
    return { ...join, table: filtered(join.table, asRows) }
  }

  return {
    froms: froms.map((node) => filtered(node, lastKeepsRight >= 0)),
    joins: joins.map(joined),
    where,
  }
}
