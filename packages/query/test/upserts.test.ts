import { type InsertQueryBuilder, type InsertResult, sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { type Database, type Databases, deleteFrom, dialects, ids, run, useDatabase } from './dialects.js'

/** A row for the place of post `id`. */
const row = (id: number, title = 'new') => ({ id, author_id: null, title, views: 0, status: 1 })

/** The titles of all posts in their order, deleted ones too. */
async function titles({ bare }: Databases): Promise<string[]> {
  return (await bare.selectFrom('post').select('title').orderBy('id').execute()).map(({ title }) => title)
}

const refusal = (code: string) =>
  expect.objectContaining({
    name: 'SoftDeleteError',
    code,
    table: 'post',
    message: expect.stringMatching(/^"post" is soft-deleted, and [^:]*: .* mark it with \$call\(withDeleted\)$/),
  })

type Insert = InsertQueryBuilder<Database, 'post', InsertResult>
const overwrite = (insert: Insert) => insert.onConflict((oc) => oc.column('id').doUpdateSet({ title: 'changed' }))

for (const dialect of dialects) {
  describe(`upserts on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    describe('on conflict', () => {
      test('do update changes a live row and inserts a new one', async () => {
        const query = overwrite(use.db.insertInto('post').values([row(1), row(6)]))
        expect((await query.executeTakeFirstOrThrow()).numInsertedOrUpdatedRows).toBe(2n)
        expect(await titles(use)).toEqual(['changed', 'two', 'three', 'four', 'five', 'new'])
      })

      test('do update neither changes a deleted row nor brings it back', async () => {
        const query = use.db
          .insertInto('post')
          .values(row(2))
          .onConflict((oc) => oc.column('id').doUpdateSet({ title: 'changed', status: 1 }))
        expect(query.compile().sql).toMatch(/ where "post"."status" = 1$/)
        expect((await query.executeTakeFirstOrThrow()).numInsertedOrUpdatedRows).toBe(0n)
        expect(await query.returning('id').execute()).toEqual([])
        expect(ids(await use.db.selectFrom('post').select('id').execute())).toEqual([1, 3, 4])
        expect(await titles(use)).toEqual(['one', 'two', 'three', 'four', 'five'])
      })

      test('do update is filtered under its schema', async () => {
        const { db } = use
        const insert = db.insertInto('blog.post').values([row(1), row(2)])
        const query = insert.onConflict((oc) =>
          oc.column('id').doUpdateSet((eb) => ({ title: eb.ref('excluded.title') })),
        )
        expect(await query.returning('id').execute()).toEqual([{ id: 1 }])
        const inSchema = overwrite(
          db
            .withSchema('blog')
            .insertInto('post')
            .values([row(1), row(2)]),
        )
        expect(await inSchema.returning('id').execute()).toEqual([{ id: 1 }])
      })

      test('its own condition holds too', async () => {
        const upsert = (from: number) =>
          use.db
            .insertInto('post')
            .values([row(1), row(2), row(3)])
            .onConflict((oc) =>
              oc
                .column('id')
                .doUpdateSet({ views: 0 })
                .where((eb) => eb.or([eb('post.views', '>', from), eb('post.title', '=', 'two')])),
            )
        expect(await upsert(10).returning('id').execute()).toEqual([{ id: 3 }])
      })

      test('its condition is left when it names the column', async () => {
        const query = use.db
          .insertInto('post')
          .values([row(1), row(2)])
          .onConflict((oc) => oc.column('id').doUpdateSet({ status: 1 }).where('post.status', '=', 0))
        expect(await query.returning('id').execute()).toEqual([{ id: 2 }])
      })

      test("naming the new row's column is not naming the table's", async () => {
        const query = use.db
          .insertInto('post')
          .values([row(1), row(2)])
          .onConflict((oc) => oc.column('id').doUpdateSet({ views: 0 }).where('excluded.status', '=', 1))
        expect(await query.returning('id').execute()).toEqual([{ id: 1 }])
      })

      test('do nothing leaves the row, live or deleted', async () => {
        const query = use.db
          .insertInto('post')
          .values([row(1), row(2), row(6)])
          .onConflict((oc) => oc.doNothing())
        expect(await query.returning('id').execute()).toEqual([{ id: 6 }])
        expect(await titles(use)).toEqual(['one', 'two', 'three', 'four', 'five', 'new'])
      })

      test('takes live rows from a select', async () => {
        const query = use.db
          .insertInto('post')
          .columns(['id', 'title'])
          .expression((eb) => eb.selectFrom('comment').select(['comment.id', 'comment.body']))
          .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ title: eb.ref('excluded.title') })))
        await query.execute()
        expect(await titles(use)).toEqual(['a', 'two', 'c', 'd', 'five'])
      })

      test('on a table that is not listed changes any row', async () => {
        const query = use.db
          .insertInto('tag')
          .values({ id: 2, post_id: 2, name: '', status: 1 })
          .onConflict((oc) => oc.column('id').doUpdateSet({ name: 'changed' }))
        expect(await query.returning(['id', 'name']).execute()).toEqual([{ id: 2, name: 'changed' }])
      })
    })

    describe('unique values', () => {
      test('of a deleted row can be used again under an index of live rows', async () => {
        await run(use.bare, 'create unique index live_title on post (title) where status = 1')
        try {
          const { db } = use
          await db.insertInto('post').values(row(6, 'two')).execute()
          await expect(db.insertInto('post').values(row(7, 'two')).execute()).rejects.toThrow(/unique/i)
          await deleteFrom(db, 'post').where('id', '=', 6).execute()
          await db.insertInto('post').values(row(7, 'two')).execute()
          const upsert = db
            .insertInto('post')
            .values(row(8, 'two'))
            .onConflict((oc) => oc.column('title').where('status', '=', sql.lit(1)).doUpdateSet({ views: 99 }))
          expect(await upsert.returning('id').execute()).toEqual([{ id: 7 }])
        } finally {
          await run(use.bare, 'drop index live_title')
        }
      })

      test('of a deleted row are taken under an index of all rows', async () => {
        await run(use.bare, 'create unique index any_title on post (title)')
        try {
          await expect(use.db.insertInto('post').values(row(6, 'two')).execute()).rejects.toThrow(/unique/i)
        } finally {
          await run(use.bare, 'drop index any_title')
        }
      })
    })

    describe('writes that would overwrite deleted rows', () => {
      test('REPLACE is refused', async () => {
        const { db } = use
        const refused = refusal('replace_refused')
        await expect(db.replaceInto('post').values(row(2)).execute()).rejects.toEqual(refused)
        await expect(db.insertInto('post').orReplace().values(row(2)).execute()).rejects.toEqual(refused)
        expect(await titles(use)).toEqual(['one', 'two', 'three', 'four', 'five'])
      })

      test.skipIf(dialect.name === 'PostgreSQL')('INSERT OR IGNORE is not (PostgreSQL has none)', async () => {
        const query = use.db
          .insertInto('post')
          .orIgnore()
          .values([row(2), row(6)])
        expect((await query.executeTakeFirstOrThrow()).numInsertedOrUpdatedRows).toBe(1n)
      })

      test('ON DUPLICATE KEY UPDATE is refused', () => {
        const query = use.db.insertInto('post').values(row(2)).onDuplicateKeyUpdate({ title: 'changed' })
        expect(() => query.compile()).toThrow(refusal('duplicate_key_refused'))
      })

      test('both work on a table that is not listed', () => {
        const tag = { id: 2, post_id: 2, name: '', status: 1 }
        expect(use.db.replaceInto('tag').values(tag).compile().sql).toMatch(/^replace into/)
        const duplicate = use.db.insertInto('tag').values(tag).onDuplicateKeyUpdate({ name: 'changed' })
        expect(duplicate.compile().sql).toMatch(/ on duplicate key update "name" = /)
      })

      test('MERGE into a listed table is refused, and so is one that reads it', () => {
        const { db } = use
        const refused = refusal('merge_refused')
        const into = db
          .mergeInto('post')
          .using('tag', 'post.id', 'tag.post_id')
          .whenMatched()
          .thenUpdateSet({ views: 0 })
        expect(() => into.compile()).toThrow(refused)
        const from = db.mergeInto('tag as t').using('post as p', 'p.id', 't.post_id').whenMatched().thenDelete()
        expect(() => from.compile()).toThrow(refused)
      })

      test.skipIf(!dialect.merge)('MERGE reads live rows from a subquery (SQLite has no MERGE)', async () => {
        const { db } = use
        const query = db
          .mergeInto('tag')
          .using(db.selectFrom('post').select('post.id').as('p'), 'p.id', 'tag.post_id')
          .whenMatched()
          .thenDelete()
        expect((await query.executeTakeFirstOrThrow()).numChangedRows).toBe(2n)
        expect(ids(await use.bare.selectFrom('tag').select('id').execute())).toEqual([2])
      })
    })
  })
}
