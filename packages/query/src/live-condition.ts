import {
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  FromNode,
  IdentifierNode,
  type OperationNode,
  OperatorNode,
  ParensNode,
  ReferenceNode,
  SelectionNode,
  type SelectQueryNode,
  type TableNode,
  ValueNode,
  WhereNode,
} from 'kysely'
import type { CheckedOptions } from './options.js'
import { SoftDeleteError } from './soft-delete-error.js'
import { type Source, schemaName, tableName } from './source.js'
import { someNode } from './walk.js'

/** `table.column = live`. The value is a literal, so that a partial index `where column = live` serves the query. */
export function liveCondition(table: TableNode, { column, live }: CheckedOptions): OperationNode {
  return BinaryOperationNode.create(
    ReferenceNode.create(ColumnNode.create(column), table),
    OperatorNode.create(live === null ? 'is' : '='),
    ValueNode.createImmediate(live),
  )
}

/** The condition and the new ones, all of them to hold. */
export function allOf(condition: OperationNode | undefined, added: readonly OperationNode[]): OperationNode {
  const [first, ...rest] = condition === undefined ? added : [closed(condition), ...added]
  if (first === undefined) throw new TypeError('allOf needs a condition')
  return rest.reduce((left, right) => AndNode.create(left, right), first)
}

export function whereAllOf(where: WhereNode | undefined, added: readonly OperationNode[]): WhereNode {
  return WhereNode.create(allOf(where?.where, added))
}

/** Kysely puts no parentheses around raw SQL, whose OR would otherwise take the added condition with it. */
function closed(condition: OperationNode): OperationNode {
  if (ParensNode.is(condition)) return condition
  const open = someNode(condition, ({ kind }) => kind === 'RawNode' || kind === 'OrNode')
  return open ? ParensNode.create(condition) : condition
}

/** `(select * from table where live) as name`: for tables that a later right or full join fills with nulls. */
export function liveRows({ table, alias }: Source, options: CheckedOptions): AliasNode {
  const name = tableName(table)
  if (alias === undefined && schemaName(table) !== undefined) {
    throw new SoftDeleteError(
      'schema_join_refused',
      name,
      `"${name}" is soft-deleted and stands beside a right or full join under a schema without an alias: ` +
        `give it one, such as '${name} as ${name[0]}', or mark the query with $call(withDeleted)`,
    )
  }
  const select: SelectQueryNode = {
    kind: 'SelectQueryNode',
    from: FromNode.create([table]),
    selections: [SelectionNode.createSelectAll()],
    where: WhereNode.create(liveCondition(table, options)),
  }
  return AliasNode.create(select, alias ?? IdentifierNode.create(name))
}
