/** Why the plugin would not let a query through. */
export type SoftDeleteErrorCode =
  | 'delete_refused'
  | 'duplicate_key_refused'
  | 'merge_refused'
  | 'replace_refused'
  | 'schema_join_refused'

/**
 * A query that cannot keep deleted rows hidden, or would destroy rows. It is a mistake in the program, not in a request, so
 * it carries no HTTP status. The message names the table and what to write instead.
 */
export class SoftDeleteError extends Error {
  override readonly name = 'SoftDeleteError'
  readonly code: SoftDeleteErrorCode
  readonly table: string

  constructor(code: SoftDeleteErrorCode, table: string, message: string) {
    super(message)
    this.code = code
    this.table = table
  }
}
