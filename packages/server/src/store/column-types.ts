import type { RawBuilder } from 'kysely'

/** What the databases spell differently in a table's definition; each database's folder has its own. */
export interface ColumnTypes {
  /** Type of a numbered primary key whose numbers are never given twice. */
  readonly numberedKey: RawBuilder<unknown>
  /** Whole numbers up to 2^53, moments among them. */
  readonly whole: RawBuilder<unknown>
  readonly binary: RawBuilder<unknown>
  /**
   * A column that holds the number of the transaction that wrote the row; undefined where writing transactions follow one
   * another, so that a numbered key is in the order of commits by itself.
   */
  readonly transactionOrder: RawBuilder<unknown> | undefined
  /** Stands at the end of CREATE TABLE. */
  readonly tableEnd: RawBuilder<unknown>
}
