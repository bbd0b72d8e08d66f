import { sql } from 'kysely'
import type { ColumnTypes } from '../column-types.js'

export const sqliteColumnTypes: ColumnTypes = {
  // AUTOINCREMENT: without it the number of a removed last row is given again.
  numberedKey: sql`integer primary key autoincrement`,
  whole: sql`integer`,
  binary: sql`blob`,
  transactionOrder: undefined,
  tableEnd: sql`strict`,
}
