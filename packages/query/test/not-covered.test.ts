/** What the plugin does not see, as the README says. */
import { CamelCasePlugin, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { softDelete, withDeleted } from '../src/index.js'
import { dialects, ids, run, useDatabase } from './dialects.js'

type Library = {
  shelf: { id: number; status: number }
  book: { id: number; shelf_id: number | null; status: number }
}

for (const dialect of dialects) {
  describe(`not covered on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    describe('raw SQL', () => {
      test('sees deleted rows', async () => {
        const found = await sql<{ id: number }>`select id from post`.execute(use.db)
        expect(ids(found.rows)).toEqual([1, 2, 3, 4, 5])
        const parameter = await sql<{ id: number }>`select id from ${sql.table('post')} where id = ${2}`.execute(use.db)
        expect(ids(parameter.rows)).toEqual([2])
      })

      test('sees deleted rows inside a builder', async () => {
        const { db } = use
        const tags = db.selectFrom('tag').select('id')
        expect(ids(await tags.where('post_id', 'in', sql<number>`(select id from post)`).execute())).toEqual([1, 2, 3])
        const from = db.selectFrom(sql<{ id: number }>`post`.as('p')).select('p.id')
        expect(ids(await from.execute())).toEqual([1, 2, 3, 4, 5])
        const named = db.selectFrom(sql.table('post').$castTo<{ id: number }>().as('p')).select('p.id')
        expect(ids(await named.execute())).toEqual([1, 2, 3, 4, 5])
      })

      test('changes and destroys deleted rows and live ones', async () => {
        await sql`update post set views = 0 where id = 2`.execute(use.db)
        await sql`delete from post where id = 1`.execute(use.db)
        const left = await use.bare.selectFrom('post').select(['id', 'views']).where('id', '<', 3).execute()
        expect(left).toEqual([{ id: 2, views: 0 }])
      })

      test('in a view shows deleted rows', async () => {
        await run(use.bare, 'create view any_post as select * from post')
        try {
          const db = use.db.withTables<{ any_post: { id: number } }>()
          expect(ids(await db.selectFrom('any_post').select('id').execute())).toEqual([1, 2, 3, 4, 5])
        } finally {
          await run(use.bare, 'drop view any_post')
        }
      })
    })

    describe('foreign keys', () => {
      const both = softDelete({ tables: ['shelf', 'book'] })
      /** Shelf 1 with books 1 and 2, of which 2 is deleted. */
      async function inLibrary(
        body: (bare: ReturnType<typeof use.bare.withTables<Library>>) => Promise<void>,
      ): Promise<void> {
        const { bare } = use
        await run(bare, 'create table shelf (id integer primary key, status integer not null default 1)')
        await run(
          bare,
          'create table book (id integer primary key, shelf_id integer references shelf on delete cascade, status integer not null default 1)',
        )
        try {
          await run(bare, 'insert into shelf values (1, 1)')
          await run(bare, 'insert into book values (1, 1, 1), (2, 1, 0)')
          await body(bare.withTables<Library>())
        } finally {
          await run(bare, 'drop table book')
          await run(bare, 'drop table shelf')
        }
      }

      test('do not hide the rows that belong to a hidden one', () =>
        inLibrary(async (bare) => {
          const db = bare.withPlugin(both.plugin)
          await both.deleteFrom(db, 'shelf').where('id', '=', 1).execute()
          expect(await db.selectFrom('shelf').select('id').execute()).toEqual([])
          expect(ids(await db.selectFrom('book').select('id').execute())).toEqual([1])
        }))

      test('take a deleted row for one that is there', () =>
        inLibrary(async (bare) => {
          const db = bare.withPlugin(both.plugin)
          await both.deleteFrom(db, 'shelf').where('id', '=', 1).execute()
          await db.insertInto('book').values({ id: 3, shelf_id: 1, status: 1 }).execute()
          expect(ids(await db.selectFrom('book').select('id').execute())).toEqual([1, 3])
        }))

      test('that cascade destroy listed rows with a row of a table that is not listed', () =>
        inLibrary(async (bare) => {
          const books = softDelete({ tables: ['book'] })
          await bare.withPlugin(books.plugin).deleteFrom('shelf').where('id', '=', 1).execute()
          expect(await bare.selectFrom('book').select('id').execute()).toEqual([])
        }))

      test('that cascade destroy listed rows with a row deleted for good', () =>
        inLibrary(async (bare) => {
          await bare.withPlugin(both.plugin).deleteFrom('shelf').$call(withDeleted).execute()
          expect(await bare.selectFrom('book').select('id').execute()).toEqual([])
        }))
    })

    // Kysely gives a query made from `db` to the plugins alone, before the query around it is known.
    describe('a subquery made from db', () => {
      test('does not know a common table expression of the query around it', async () => {
        const shadowed = use.db.with('post', (db) => db.selectFrom('tag').select(['tag.id', 'tag.status']))
        const known = shadowed.selectFrom('tag').where('tag.id', 'in', (eb) => eb.selectFrom('post').select('post.id'))
        expect(ids(await known.select('tag.id').execute())).toEqual([1, 2, 3])
        const unknown = shadowed.selectFrom('tag').where('tag.id', 'in', use.db.selectFrom('post').select('post.id'))
        expect(ids(await unknown.select('tag.id').execute())).toEqual([1])
      })

      test('is filtered though it names a column of several words, when CamelCasePlugin has renamed it', async () => {
        await run(use.bare, 'create table note (id integer primary key, deleted_at text)')
        try {
          await run(use.bare, "insert into note values (1, null), (2, '2020-01-01')")
          const notes = softDelete({ tables: ['note'], column: 'deletedAt', live: null, deleted: 'now' })
          const db = use.bare
            .withTables<{ note: { id: number; deletedAt: string | null } }>()
            .withPlugin(notes.plugin)
            .withPlugin(new CamelCasePlugin())
          const deleted = db.selectFrom('note').select('note.id').where('deletedAt', 'is not', null)
          expect(ids(await deleted.execute())).toEqual([2])
          const tags = db.selectFrom('tag').select('tag.id')
          expect(await tags.where('tag.id', 'in', deleted).execute()).toEqual([])
          expect(ids(await tags.where('tag.id', 'in', deleted.$call(withDeleted)).execute())).toEqual([2])
          const callback = tags.where('tag.id', 'in', (eb) =>
            eb.selectFrom('note').select('note.id').where('deletedAt', 'is not', null),
          )
          expect(ids(await callback.execute())).toEqual([2])
        } finally {
          await run(use.bare, 'drop table note')
        }
      })
    })
  })
}
