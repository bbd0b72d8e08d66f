/** How a database finds the rows of a statement, by its own word: EXPLAIN, without running it. */
import { CompiledQuery, type KyselyPlugin, type PluginTransformQueryArgs } from 'kysely'
import type { Reading } from '../../../src/store/store.js'
import { storeName } from '../test-store.js'

export interface Access {
  readonly table: string
  /** By what rows are found in an index, in the database's words; undefined: all rows are read. */
  readonly condition: string | undefined
}

/** What sees every query before it runs. */
export interface Recorder {
  readonly plugin: KyselyPlugin
  /** Of a prepared query, which no plugin sees again. */
  prepared(query: CompiledQuery): void
}

type Seen = PluginTransformQueryArgs | CompiledQuery

/** Remembers the queries that pass. */
export function createRecorder(): Recorder & { take(): Seen[] } {
  const seen: Seen[] = []
  const plugin: KyselyPlugin = {
    transformQuery(args) {
      seen.push(args)
      return args.node
    },
    transformResult: async ({ result }) => result,
  }
  return {
    plugin,
    prepared: (query) => {
      seen.push(query)
    },
    /** What has passed since the last time. */
    take: () => seen.splice(0),
  }
}

export async function accessesOf(db: Reading, query: Seen): Promise<readonly Access[]> {
  const { sql, parameters } = 'sql' in query ? query : db.getExecutor().compileQuery(query.node, query.queryId)
  // It is only being prepared, with names in the place of values.
  if (parameters.some((value) => typeof value === 'object' && value !== null && !(value instanceof Uint8Array)))
    return []
  const explain = storeName === 'SQLite' ? 'explain query plan' : 'explain (format json)'
  const { rows } = await db.executeQuery(CompiledQuery.raw(`${explain} ${sql}`, [...parameters]))
  if (storeName === 'SQLite') return (rows as SqliteStep[]).flatMap(accessOfStep)
  return (rows as { 'QUERY PLAN': { Plan: PlanNode }[] }[]).flatMap((row) =>
    row['QUERY PLAN'].flatMap(({ Plan }) => accessesUnder(Plan)),
  )
}

interface SqliteStep {
  readonly detail: string
}

function accessOfStep({ detail }: SqliteStep): Access[] {
  const [, how, table, condition] = /^(SCAN|SEARCH) (\w+)(?:.*?\((.*)\))?/.exec(detail) ?? []
  if (how === undefined || detail === 'SCAN CONSTANT ROW') return []
  return [{ table: table as string, condition: how === 'SEARCH' ? condition : undefined }]
}

interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Cond'?: string
  readonly Plans?: readonly PlanNode[]
}

function accessesUnder(node: PlanNode): Access[] {
  const below = node.Plans ?? []
  const table = node['Relation Name']
  if (table === undefined || !node['Node Type'].endsWith('Scan')) return below.flatMap(accessesUnder)
  // The scan of a bitmap has its conditions below.
  const conditions = [node, ...below].map((one) => one['Index Cond']).filter((condition) => condition !== undefined)
  return [{ table, condition: conditions.length === 0 ? undefined : conditions.join(' and ') }]
}
