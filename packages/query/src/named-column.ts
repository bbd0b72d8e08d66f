import { ColumnNode, type OperationNode, ReferenceNode } from 'kysely'
import { referenceTable, type Source, schemaName, tableName } from './source.js'
import { someNode } from './walk.js'

/**
 * Whether the conditions of a query level (WHERE, HAVING, ON) name the column of this source.
 *
 * A column without a table counts when `alone` says that the source is the only soft-deleted one of its level: it has the
 * column, so a second table with it would make the name ambiguous to the database too.
 */
export function namesColumn(
  conditions: readonly OperationNode[],
  column: string,
  source: Source,
  alone: boolean,
): boolean {
  return conditions.some((condition) =>
    someNode(condition, (node) => {
      if (!ReferenceNode.is(node) || !ColumnNode.is(node.column) || node.column.column.name !== column) return false
      return node.table === undefined ? alone : isReferenceTo(node, source)
    }),
  )
}

function isReferenceTo({ table }: ReferenceNode, source: Source): boolean {
  const own = referenceTable(source)
  if (table === undefined || own === undefined || tableName(table) !== tableName(own)) return false
  const schema = schemaName(table)
  return schema === undefined || schema === schemaName(own)
}
