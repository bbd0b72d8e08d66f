import SQLite from 'better-sqlite3'
import { CompiledQuery, Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { softDelete } from '../src/index.js'
import { type Postgres, startPostgres } from './postgres.js'

export interface Database {
  author: { id: number; name: string; status: number }
  post: { id: number; author_id: number | null; title: string; views: number; status: number }
  comment: { id: number; post_id: number | null; body: string; status: number }
  /** Has the column, but is not listed. */
  tag: { id: number; post_id: number; name: string; status: number }
  'blog.post': Database['post']
}

export const { plugin, deleteFrom } = softDelete({ tables: ['author', 'post', 'comment'] })

export const dialects = [
  { name: 'SQLite', lateral: false, merge: false, forwardNames: true },
  { name: 'PostgreSQL', lateral: true, merge: true, forwardNames: false },
] as const

export type Dialect = (typeof dialects)[number]

const TABLES = [
  'author (id integer primary key, name text not null, status integer not null default 1)',
  'post (id integer primary key, author_id integer, title text not null, views integer not null default 0, status integer not null default 1)',
  'comment (id integer primary key, post_id integer, body text not null, status integer not null default 1)',
  'tag (id integer primary key, post_id integer not null, name text not null, status integer not null)',
  'blog.post (id integer primary key, author_id integer, title text not null, views integer not null default 0, status integer not null default 1)',
]

// Posts 2 and 5, author 2 and comment 2 are deleted; post 4 has no author and comment 5 no post.
const ROWS = [
  "author values (1, 'ann', 1), (2, 'bob', 0), (3, 'cid', 1)",
  "post values (1, 1, 'one', 10, 1), (2, 1, 'two', 20, 0), (3, 2, 'three', 30, 1), (4, null, 'four', 40, 1), (5, 3, 'five', 50, 0)",
  "comment values (1, 1, 'a', 1), (2, 1, 'b', 0), (3, 2, 'c', 1), (4, 3, 'd', 1), (5, null, 'e', 1)",
  "tag values (1, 1, 'x', 1), (2, 2, 'y', 0), (3, 1, 'z', 0)",
  "blog.post values (1, 1, 'blog one', 1, 1), (2, 1, 'blog two', 2, 0)",
]

export interface Databases {
  /** With the plugin under test. */
  readonly db: Kysely<Database>
  /** The same database without it. */
  readonly bare: Kysely<Database>
}

/** Opens a database of this dialect for a `describe`, and puts the same rows into it before each test. */
export function useDatabase(dialect: Dialect): Databases {
  let server: Postgres | undefined
  let bare: Kysely<Database> | undefined
  const opened = () => bare ?? fail()

  beforeAll(async () => {
    if (dialect.name === 'PostgreSQL') server = await startPostgres()
    bare = await openDatabase<Database>(server)
    await run(bare, server ? 'create schema blog' : "attach ':memory:' as blog")
    for (const table of TABLES) await run(bare, `create table ${table}`)
  })
  beforeEach(async () => {
    for (const rows of ROWS) {
      await run(opened(), `delete from ${rows.split(' ')[0]}`)
      await run(opened(), `insert into ${rows}`)
    }
  })
  afterAll(async () => {
    await bare?.destroy()
    await server?.stop()
  })

  return {
    get db() {
      return opened().withPlugin(plugin)
    },
    get bare() {
      return opened()
    },
  }
}

/** A Kysely without plugins on a new database: of the server, or of SQLite in memory. */
export async function openDatabase<DB>(server: Postgres | undefined): Promise<Kysely<DB>> {
  if (server === undefined) return new Kysely({ dialect: new SqliteDialect({ database: new SQLite(':memory:') }) })
  return new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool(await server.createDatabase()) }) })
}

export async function run(db: Kysely<never> | Kysely<Database>, statement: string): Promise<void> {
  await (db as Kysely<Database>).executeQuery(CompiledQuery.raw(statement))
}

/** The ids of the rows, in order, for short expectations. */
export function ids(rows: readonly { id: number | null }[]): (number | null)[] {
  return rows.map((row) => row.id).sort((a, b) => (a ?? 1e9) - (b ?? 1e9))
}

function fail(): never {
  throw new Error('useDatabase: the database is not open yet')
}
