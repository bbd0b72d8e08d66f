import { DeleteResult, UpdateResult } from 'kysely'
import { NotFound } from './not-found.js'

/** Any Kysely builder that can be executed. */
export interface FirstQuery<Row> {
  executeTakeFirst(): Promise<Row>
}

/**
 * Executes a query and answers its first row. An update or delete without RETURNING that met no row counts as missing too.
 * It adds no LIMIT.
 *
 * @throws NotFound when there is no row.
 * @example const post = await firstOr404(db.selectFrom('post').select(['id', 'title']).where('slug', '=', slug))
 */
export async function firstOr404<Row>(query: FirstQuery<Row>): Promise<NonNullable<Row>> {
  const row = await query.executeTakeFirst()
  if (row === undefined || row === null || metNoRow(row)) throw new NotFound()
  return row
}

function metNoRow(row: unknown): boolean {
  if (row instanceof UpdateResult) return row.numUpdatedRows === 0n
  return row instanceof DeleteResult && row.numDeletedRows === 0n
}
