import { type KyselyPlugin, type QueryCreator, sql, type UpdateQueryBuilder, type UpdateResult } from 'kysely'
import { checkOptions, type SoftDeleteOptions } from './options.js'
import type { Queries } from './queries.js'
import { SoftDeleteTransformer } from './soft-delete-transformer.js'

/** The tables of a database that have the column. */
export type TablesWith<DB, Column extends string> = {
  [Table in keyof DB & string]: Column extends keyof DB[Table] ? Table : never
}[keyof DB & string]

export interface SoftDelete<Table extends string = string, Column extends string = string> {
  /** For `plugins` of Kysely, before CamelCasePlugin. */
  readonly plugin: KyselyPlugin
  /**
   * The UPDATE that marks rows of a listed table as deleted; go on with `.where(...)`. Through the plugin it changes live
   * rows only, so the count of a row deleted before is 0. It deletes nothing for good, and follows no foreign key.
   *
   * @throws TypeError for a table that is not listed.
   * @example await deleteFrom(db, 'post').where('id', '=', 1).execute()
   */
  readonly deleteFrom: <DB, T extends (Table | `${string}.${Table}`) & TablesWith<DB, Column>>(
    db: Queries<DB>,
    table: T,
  ) => UpdateQueryBuilder<DB, T, T, UpdateResult>
}

/**
 * Keeps soft-deleted rows out of every Kysely query: the plugin adds `column = live` to each listed table, wherever it
 * stands: FROM, joins, subqueries, common table expressions, UPDATE, DELETE ... USING, ON CONFLICT DO UPDATE.
 *
 * It leaves a table alone when WHERE, HAVING or ON of the same query level names that table's column, as in
 * `where('post.status', '=', 0)`, or `withDeleted` marks the level. A column without a table counts where a single listed
 * table stands. Subqueries, SELECT, ORDER BY and SET do not count.
 *
 * It does not see raw SQL, and foreign keys that cascade. Defaults: column `status`, live 1, deleted 0.
 *
 * Throws TypeError for options that are wrong or unknown. A query that would destroy rows or cannot be kept right rejects
 * with SoftDeleteError: `deleteFrom` of Kysely, MERGE, REPLACE and ON DUPLICATE KEY UPDATE on a listed table
 * (`delete_refused`, `merge_refused`, `replace_refused`, `duplicate_key_refused`), and a listed table under a schema
 * without an alias beside a right or full join (`schema_join_refused`).
 *
 * @example
 * const { plugin, deleteFrom } = softDelete({ tables: ['post', 'comment'] })
 * const db = new Kysely<Database>({ dialect, plugins: [plugin] })
 */
export function softDelete<const Table extends string, const Column extends string = 'status'>(
  options: SoftDeleteOptions<Table, Column>,
): SoftDelete<Table, Column> {
  const checked = checkOptions(options)
  const transformer = new SoftDeleteTransformer(checked)
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => transformer.run(node, queryId),
    transformResult: async ({ result }) => result,
  }

  const deleteFrom = (db: QueryCreator<Record<string, Record<string, unknown>>>, table: string) => {
    const withoutSchema = table.slice(table.lastIndexOf('.') + 1)
    if (!checked.tables.includes(table) && !checked.tables.includes(withoutSchema)) {
      throw new TypeError(`deleteFrom: "${table}" is not among the tables given to softDelete; use db.deleteFrom`)
    }
    // A literal, like the live value: better-sqlite3 takes no booleans as parameters.
    return db.updateTable(table).set({ [checked.column]: sql.lit(checked.deleted) })
  }

  return Object.freeze({ plugin, deleteFrom: deleteFrom as unknown as SoftDelete<Table, Column>['deleteFrom'] })
}
