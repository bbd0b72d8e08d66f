import type { CompiledQuery, DialectAdapter, QueryResult } from 'kysely'
import type { Reading } from './store.js'

/** A query of which the text stays the same: built and compiled once for each database, run with other values each time. */
export type PreparedQuery<Values, Row> = (db: Reading, values: Values) => Promise<QueryResult<Row>>

/** What `build` is to use in the place of a value. */
export type Placeholder<Values> = <Name extends keyof Values & string>(name: Name) => Values[Name]

/** Stands among the parameters of the compiled query. */
class NamedValue {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/**
 * For the few queries that every login and refresh makes: Kysely takes as long to build and compile one as SQLite takes to run it.
 * `build` gets placeholders, and must not look at them. `db` is `store.db` or a transaction of it.
 */
export function prepareQuery<Values extends object, Row>(
  build: (db: Reading, value: Placeholder<Values>) => { compile(): CompiledQuery<Row> },
): PreparedQuery<Values, Row> {
  const compiled = new WeakMap<DialectAdapter, CompiledQuery<Row>>()
  return (db, values) => {
    // A database and its transactions share it.
    const { adapter } = db.getExecutor()
    let query = compiled.get(adapter)
    if (query === undefined) {
      query = build(db, ((name: string) => new NamedValue(name)) as unknown as Placeholder<Values>).compile()
      compiled.set(adapter, query)
    }
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof NamedValue ? values[parameter.name as keyof Values] : parameter,
    )
    return db.executeQuery({ ...query, parameters })
  }
}
