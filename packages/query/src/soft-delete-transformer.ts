import {
  type DeleteQueryNode,
  FromNode,
  type InsertQueryNode,
  type JoinNode,
  ListNode,
  type MergeQueryNode,
  type OperationNode,
  OperationNodeTransformer,
  type QueryId,
  type RootOperationNode,
  type SelectQueryNode,
  type UpdateQueryNode,
  UsingNode,
  type WithNode,
} from 'kysely'
import { type FilteredTables, filterTables } from './filter-tables.js'
import { liveCondition, whereAllOf } from './live-condition.js'
import { namesColumn } from './named-column.js'
import type { CheckedOptions } from './options.js'
import { refuseDelete, refuseInsert, refuseMerge } from './refusals.js'
import { referenceTable, type Source, schemaName, tableName, toSource } from './source.js'
import { isMarked } from './with-deleted.js'

/** A query level: what `where`, `having` and `joins` it has, under one roof for select, update and delete. */
interface Level {
  readonly where?: OperationNode | undefined
  readonly having?: OperationNode | undefined
  readonly joins?: readonly JoinNode[] | undefined
}

type Names = ReadonlySet<string>

/**
 * Adds `column = live` to the listed tables of each query level: select, update, delete and the conflict clause of an
 * insert. It is applied twice to a builder used inside another, and then changes nothing: the column is named already.
 */
export class SoftDeleteTransformer extends OperationNodeTransformer {
  readonly #options: CheckedOptions
  /** Names of the common table expressions in sight, innermost query last. */
  #scopes: Names[] = []

  constructor(options: CheckedOptions) {
    super()
    this.#options = options
  }

  run<Node extends RootOperationNode>(node: Node, queryId: QueryId): Node {
    // A refusal in the query before this one left both as they were.
    this.nodeStack.length = 0
    this.#scopes = [new Set()]
    return this.transformNode(node, queryId)
  }

  protected override transformSelectQuery(select: SelectQueryNode, queryId?: QueryId): SelectQueryNode {
    return this.#scoped(select, () => {
      const node = super.transformSelectQuery(select, queryId)
      if (isMarked(node) || node.from === undefined) return node
      const filtered = this.#filter(node, [], node.from.froms)
      return { ...node, from: FromNode.create(filtered.froms), ...conditions(node, filtered) }
    })
  }

  protected override transformUpdateQuery(update: UpdateQueryNode, queryId?: QueryId): UpdateQueryNode {
    return this.#scoped(update, () => {
      const node = super.transformUpdateQuery(update, queryId)
      if (isMarked(node) || node.table === undefined) return node
      const targets = ListNode.is(node.table) ? node.table.items : [node.table]
      const filtered = this.#filter(node, targets, node.from?.froms ?? [])
      return { ...node, ...(node.from && { from: FromNode.create(filtered.froms) }), ...conditions(node, filtered) }
    })
  }

  protected override transformDeleteQuery(query: DeleteQueryNode, queryId?: QueryId): DeleteQueryNode {
    return this.#scoped(query, () => {
      const node = super.transformDeleteQuery(query, queryId)
      if (isMarked(node)) return node
      for (const target of node.from.froms) refuseDelete(this.#listed(target, false))
      const filtered = this.#filter(node, [], node.using?.tables ?? [])
      return { ...node, ...(node.using && { using: UsingNode.create(filtered.froms) }), ...conditions(node, filtered) }
    })
  }

  protected override transformInsertQuery(insert: InsertQueryNode, queryId?: QueryId): InsertQueryNode {
    return this.#scoped(insert, () => {
      const node = super.transformInsertQuery(insert, queryId)
      const source = node.into && this.#listed(node.into, false)
      if (source === undefined || isMarked(node)) return node
      refuseInsert(node, source)
      const conflict = node.onConflict
      if (conflict?.updates === undefined) return node
      const { updateWhere } = conflict
      if (updateWhere && namesColumn([updateWhere], this.#options.column, source, true)) return node
      const where = whereAllOf(updateWhere, [liveCondition(source.table, this.#options)])
      return { ...node, onConflict: { ...conflict, updateWhere: where } }
    })
  }

  protected override transformMergeQuery(merge: MergeQueryNode, queryId?: QueryId): MergeQueryNode {
    return this.#scoped(merge, () => {
      const node = super.transformMergeQuery(merge, queryId)
      if (isMarked(node)) return node
      refuseMerge(this.#listed(node.into, false) ?? (node.using && this.#listed(node.using.table, true)))
      return node
    })
  }

  protected override transformWith(node: WithNode, queryId?: QueryId): WithNode {
    const outside = this.#scopes.at(-2)
    const names = expressionNames(node)
    // An expression sees those before it; only a recursive one sees itself, and with it the others.
    const expressions = node.expressions.map((expression, index) =>
      this.#within([...(outside ?? []), ...(node.recursive ? names : names.slice(0, index))], () =>
        this.transformNode(expression, queryId),
      ),
    )
    return { ...node, expressions }
  }

  #scoped<Node>(query: { readonly with?: WithNode }, transform: () => Node): Node {
    const outside = this.#scopes.at(-1) ?? []
    return this.#within([...outside, ...(query.with ? expressionNames(query.with) : [])], transform)
  }

  #within<Node>(names: readonly string[], transform: () => Node): Node {
    this.#scopes.push(new Set(names))
    const node = transform()
    this.#scopes.pop()
    return node
  }

  /** The source, if its table is listed. A target of a write is always a table; other names may be common table expressions. */
  #listed(node: OperationNode, canBeExpression: boolean): Source | undefined {
    const source = toSource(node)
    if (source === undefined) return undefined
    const name = tableName(source.table)
    const schema = schemaName(source.table)
    const listed = this.#options.tables.some((table) => table === name || table === `${schema}.${name}`)
    const shadowed = canBeExpression && schema === undefined && this.#scopes.at(-1)?.has(name)
    return listed && !shadowed ? source : undefined
  }

  #filter(level: Level, targets: readonly OperationNode[], froms: readonly OperationNode[]): FilteredTables {
    const { column } = this.#options
    const joins = level.joins ?? []
    const written = targets.map((node) => this.#listed(node, false)).filter((source) => source !== undefined)
    const others = [...froms, ...joins.map((join) => join.table)].map((node) => this.#listed(node, true))
    const alone = written.length + others.filter((source) => source !== undefined).length === 1
    const said = [level.where, level.having, ...joins.map((join) => join.on)].filter((node) => node !== undefined)

    const isHidden = (source: Source): boolean => !namesColumn(said, column, source, alone)
    const hidden = (node: OperationNode): Source | undefined => {
      const source = this.#listed(node, true)
      return source && isHidden(source) ? source : undefined
    }
    const filtered = filterTables(froms, joins, hidden, this.#options)
    // What is written to must stay a table, so it is filtered in WHERE whatever is joined to it.
    const targetWhere = written
      .filter(isHidden)
      .map((source) => liveCondition(referenceTable(source) ?? source.table, this.#options))
    return { ...filtered, where: [...targetWhere, ...filtered.where] }
  }
}

function expressionNames(node: WithNode): string[] {
  return node.expressions.map((expression) => tableName(expression.name.table))
}

function conditions<Node extends SelectQueryNode | UpdateQueryNode | DeleteQueryNode>(
  node: Node,
  filtered: FilteredTables,
): Pick<Node, 'where' | 'joins'> {
  return {
    ...(node.joins && { joins: filtered.joins }),
    ...(filtered.where.length > 0 && { where: whereAllOf(node.where, filtered.where) }),
  } as Pick<Node, 'where' | 'joins'>
}
