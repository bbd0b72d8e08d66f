/** A value of the column that tells live rows from deleted ones. */
export type StatusValue = string | number | bigint | boolean | null

export interface SoftDeleteOptions<Table extends string = string, Column extends string = string> {
  /**
   * The tables with the column. `post` stands for the table in any schema, `blog.post` for the one in schema `blog` when
   * the query names that schema.
   */
  readonly tables: readonly Table[]
  /** Default `status`. */
  readonly column?: Column
  /** The value of a live row; default 1. `null` is compared with `is null`. */
  readonly live?: StatusValue
  /** What `deleteFrom` writes; default 0. */
  readonly deleted?: StatusValue
}

export type CheckedOptions = Readonly<Required<SoftDeleteOptions>>

const NAMES = new Set(['tables', 'column', 'live', 'deleted'])

/** Checks the options once, and answers a frozen copy with the defaults filled in. Throws TypeError. */
export function checkOptions(options: SoftDeleteOptions): CheckedOptions {
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) throw new TypeError(`softDelete has no option "${name}"; it has ${[...NAMES].join(', ')}`)
  }
  const { tables, column = 'status', live = 1, deleted = 0 } = options
  if (!Array.isArray(tables) || tables.length === 0 || !tables.every(isName)) {
    throw new TypeError('softDelete: tables must be a list of one or more table names')
  }
  if (!isName(column)) throw new TypeError('softDelete: column must be the name of a column')
  if (!isStatusValue(live) || !isStatusValue(deleted)) {
    throw new TypeError(
      'softDelete: live and deleted must each be a string, a finite number, a bigint, a boolean or null',
    )
  }
  if (live === deleted) throw new TypeError('softDelete: live and deleted must differ')
  return Object.freeze({ tables: Object.freeze([...tables]), column, live, deleted })
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isStatusValue(value: unknown): value is StatusValue {
  if (typeof value === 'number') return Number.isFinite(value)
  return value === null || ['string', 'bigint', 'boolean'].includes(typeof value)
}
