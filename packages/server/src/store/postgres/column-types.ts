import { sql } from 'kysely'
import type { ColumnTypes } from '../column-types.js'

export const postgresColumnTypes: ColumnTypes = {
  numberedKey: sql`bigint generated always as identity primary key`,
  whole: sql`bigint`,
  binary: sql`bytea`,
  transactionOrder: sql`xid8 not null default pg_current_xact_id()`,
  tableEnd: sql``,
}
