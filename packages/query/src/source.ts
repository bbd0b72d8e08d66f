import { AliasNode, IdentifierNode, type OperationNode, TableNode } from 'kysely'

/** A table standing in FROM, JOIN, USING, INTO or UPDATE, and the name by which its query level speaks of it. */
export interface Source {
  readonly table: TableNode
  readonly alias: OperationNode | undefined
}

export function toSource(node: OperationNode): Source | undefined {
  if (TableNode.is(node)) return { table: node, alias: undefined }
  if (AliasNode.is(node) && TableNode.is(node.node)) return { table: node.node, alias: node.alias }
  return undefined
}

export function tableName(table: TableNode): string {
  return table.table.identifier.name
}

export function schemaName(table: TableNode): string | undefined {
  return table.table.schema?.name
}

/** The table node by which conditions refer to the source; undefined for an alias that is no plain name. */
export function referenceTable({ table, alias }: Source): TableNode | undefined {
  if (alias === undefined) return table
  return IdentifierNode.is(alias) ? TableNode.create(alias.name) : undefined
}
