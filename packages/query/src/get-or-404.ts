import { ExpressionWrapper, type QueryCreator, type Selectable, type SelectType, ValueNode } from 'kysely'
import { firstOr404 } from './first-or-404.js'
import type { Queries } from './queries.js'

/** One or more columns of a table and the values that identify a row. */
export type Key<Table> = { readonly [Column in keyof Table]?: NonNullable<SelectType<Table[Column]>> }

/**
 * Answers the row that has these values, with all its columns. `db` may be a transaction. Values are always sent as
 * parameters. Through `softDelete` a deleted row is missing, unless the key names the column itself.
 *
 * It does not check that the key is unique: of several rows it answers any.
 *
 * @throws NotFound when there is no such row.
 * @throws TypeError when the key is empty or a value is undefined or null, which would otherwise find the wrong row.
 * @example const post = await getOr404(db, 'post', { id: 7 })
 */
export async function getOr404<DB, T extends keyof DB & string>(
  db: Queries<DB>,
  table: T,
  key: Key<DB[T]>,
): Promise<Selectable<DB[T]>> {
  const columns = checkedKey(table, key)
  // The signature has checked the names, so any will do here.
  const creator = db as unknown as QueryCreator<Record<string, Record<string, unknown>>>
  const named: string = table
  const query = creator
    .selectFrom(named)
    .selectAll()
    .where(({ and, eb, ref }) =>
      and(columns.map(([column, value]) => eb(ref(`${named}.${column}`), '=', asParameter(value)))),
    )
  return (await firstOr404(query)) as Selectable<DB[T]>
}

/** Kysely's `val` would take an expression or a function for SQL. */
function asParameter(value: unknown): ExpressionWrapper<never, never, unknown> {
  return new ExpressionWrapper(ValueNode.create(value))
}

function checkedKey(table: string, key: unknown): [string, unknown][] {
  const shown = `getOr404(db, '${table}', key)`
  if (typeof key !== 'object' || key === null || Array.isArray(key)) {
    throw new TypeError(`${shown}: key must be an object of columns and values, such as { id: 7 }`)
  }
  const columns = Object.entries(key)
  if (columns.length === 0) throw new TypeError(`${shown}: key must name at least one column`)
  for (const [column, value] of columns) {
    if (value === undefined || value === null) {
      throw new TypeError(`${shown}: key.${column} must be a value, not ${value}`)
    }
  }
  return columns
}
