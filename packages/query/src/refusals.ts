import type { InsertQueryNode } from 'kysely'
import { SoftDeleteError } from './soft-delete-error.js'
import { type Source, schemaName, tableName } from './source.js'

/** Refuses a DELETE on a listed table: Kysely lets no plugin turn it into an UPDATE. */
export function refuseDelete(source: Source | undefined): void {
  if (source === undefined) return
  const name = fullName(source)
  throw new SoftDeleteError(
    'delete_refused',
    name,
    `"${name}" is soft-deleted, and db.deleteFrom('${name}') would destroy its rows: use deleteFrom(db, '${name}') of ` +
      `softDelete to hide them, or db.deleteFrom('${name}').$call(withDeleted) to delete them for good`,
  )
}

/** Refuses a MERGE that reads or writes a listed table: its WHEN clauses would meet deleted rows. */
export function refuseMerge(source: Source | undefined): void {
  if (source === undefined) return
  const name = fullName(source)
  throw new SoftDeleteError(
    'merge_refused',
    name,
    `"${name}" is soft-deleted, and MERGE would see its deleted rows: use insert ... on conflict, update, or a subquery ` +
      'as the source; or mark it with $call(withDeleted)',
  )
}

/** Refuses the inserts that overwrite rows and take no condition: REPLACE, and ON DUPLICATE KEY UPDATE. */
export function refuseInsert(node: InsertQueryNode, source: Source): void {
  const name = fullName(source)
  if (node.replace || node.orAction?.action === 'replace') {
    throw new SoftDeleteError(
      'replace_refused',
      name,
      `"${name}" is soft-deleted, and REPLACE would destroy the row it meets: use insert ... on conflict do update, or ` +
        'mark it with $call(withDeleted)',
    )
  }
  if (node.onDuplicateKey !== undefined) {
    throw new SoftDeleteError(
      'duplicate_key_refused',
      name,
      `"${name}" is soft-deleted, and ON DUPLICATE KEY UPDATE would change deleted rows: update first and insert when no ` +
        'row was there, or mark it with $call(withDeleted)',
    )
  }
}

function fullName({ table }: Source): string {
  const schema = schemaName(table)
  return schema === undefined ? tableName(table) : `${schema}.${tableName(table)}`
}
