import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { type Databases, dialects, ids, useDatabase } from './dialects.js'

/** The ids of all posts with these views, deleted ones too. */
async function withViews({ bare }: Databases, views: number): Promise<(number | null)[]> {
  return ids(await bare.selectFrom('post').select('id').where('views', '=', views).execute())
}

for (const dialect of dialects) {
  describe(`writes on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    describe('update', () => {
      test('changes live rows only, and counts those', async () => {
        const result = await use.db.updateTable('post').set({ views: 0 }).executeTakeFirstOrThrow()
        expect(result.numUpdatedRows).toBe(3n)
        expect(await withViews(use, 0)).toEqual([1, 3, 4])
      })

      test('counts 0 for a deleted row', async () => {
        const query = use.db.updateTable('post').set({ views: 0 }).where('id', '=', 2)
        expect((await query.executeTakeFirstOrThrow()).numUpdatedRows).toBe(0n)
      })

      test('changes all rows of a table that is not listed', async () => {
        const result = await use.db.updateTable('tag').set({ name: '' }).executeTakeFirstOrThrow()
        expect(result.numUpdatedRows).toBe(3n)
      })

      test('changes deleted rows when WHERE names the column', async () => {
        await use.db.updateTable('post').set({ status: 1, views: 0 }).where('post.status', '=', 0).execute()
        expect(await withViews(use, 0)).toEqual([2, 5])
        expect(ids(await use.db.selectFrom('post').select('id').execute())).toEqual([1, 2, 3, 4, 5])
      })

      test('changes live rows only though SET names the column', async () => {
        const query = use.db.updateTable('post').set({ status: 0, views: 0 }).where('id', 'in', [1, 2])
        expect((await query.executeTakeFirstOrThrow()).numUpdatedRows).toBe(1n)
        expect(await withViews(use, 0)).toEqual([1])
        const computed = use.db.updateTable('post').set((eb) => ({ views: eb('post.status', '+', 6) }))
        await computed.execute()
        expect(await withViews(use, 7)).toEqual([3, 4])
        expect(await withViews(use, 6)).toEqual([])
      })

      test('is filtered under its alias', async () => {
        const query = use.db.updateTable('post as p').set({ views: 0 }).where('p.id', '<', 3)
        expect(query.compile().sql).toContain('"p"."status" = 1')
        await query.execute()
        expect(await withViews(use, 0)).toEqual([1])
        await use.db.updateTable('post as p').set({ views: 1 }).where('p.status', '=', 0).execute()
        expect(await withViews(use, 1)).toEqual([2, 5])
      })

      test('is filtered under its schema', async () => {
        expect(await use.db.updateTable('blog.post').set({ views: 9 }).returning('id').execute()).toEqual([{ id: 1 }])
        const query = use.db.withSchema('blog').updateTable('post').set({ views: 9 }).returning('id')
        expect(await query.execute()).toEqual([{ id: 1 }])
      })

      test('is filtered on both sides of FROM', async () => {
        const ofAuthors = use.db.updateTable('post').from('author').whereRef('author.id', '=', 'post.author_id')
        await ofAuthors.set({ views: 0 }).execute()
        expect(await withViews(use, 0)).toEqual([1])
        // Post 3 is live, and its author is deleted.
        await ofAuthors.where('author.status', '=', 0).set({ views: 1 }).execute()
        expect(await withViews(use, 1)).toEqual([3])
      })

      test('is filtered beside a left and a right join in FROM', async () => {
        const left = use.db
          .updateTable('post as p')
          .from('tag')
          .leftJoin('comment', 'comment.post_id', 'tag.post_id')
          .set({ views: 0 })
          .whereRef('tag.post_id', '=', 'p.id')
        await left.execute()
        expect(await withViews(use, 0)).toEqual([1])
        const right = use.db
          .updateTable('post')
          .from('tag')
          .rightJoin('author', 'author.id', 'tag.id')
          .set({ views: 1 })
          .whereRef('author.id', '=', 'post.author_id')
        await right.execute()
        expect(await withViews(use, 1)).toEqual([1])
        const nulls = use.db
          .updateTable('post')
          .from('author')
          .rightJoin('tag', 'tag.id', 'author.id')
          .set({ views: 2 })
          .whereRef('post.id', '=', sql`tag.id + 1`)
          .where('author.id', 'is', null)
        await nulls.execute()
        expect(await withViews(use, 2)).toEqual([3])
      })

      test('is filtered in subqueries of SET and WHERE', async () => {
        const query = use.db
          .updateTable('tag')
          .set((eb) => ({
            name: eb.fn.coalesce(
              eb.selectFrom('post').select('post.title').whereRef('post.id', '=', 'tag.post_id'),
              sql<string>`'gone'`,
            ),
          }))
          .where('post_id', 'not in', (eb) => eb.selectFrom('comment').select('comment.id').where('comment.id', '=', 2))
        await query.execute()
        const names = await use.bare.selectFrom('tag').select('name').orderBy('id').execute()
        expect(names.map(({ name }) => name)).toEqual(['one', 'gone', 'one'])
      })

      test('does not reach deleted rows through an or', async () => {
        const { db } = use
        await db
          .updateTable('post')
          .set({ views: 0 })
          .where((eb) => eb.or([eb('id', '=', 1), eb('id', '=', 2)]))
          .execute()
        await db.updateTable('post').set({ views: 0 }).where(sql<boolean>`id = 4 or id = 5`).execute()
        expect(await withViews(use, 0)).toEqual([1, 4])
      })

      test('answers live rows with RETURNING', async () => {
        const query = use.db
          .updateTable('post')
          .set({ status: 0 })
          .where('id', 'in', [1, 2])
          .returning(['id', 'status'])
        expect(await query.execute()).toEqual([{ id: 1, status: 0 }])
      })

      test('is undone with its transaction', async () => {
        const transaction = use.db.transaction().execute(async (trx) => {
          await trx.updateTable('post').set({ views: 0 }).execute()
          throw new Error('undone')
        })
        await expect(transaction).rejects.toThrow('undone')
        expect(await withViews(use, 0)).toEqual([])
      })

      test('of several tables, as in MySQL, is filtered on each', () => {
        const query = use.db.updateTable(['post', 'author']).set({ views: 0 })
        expect(query.compile().sql).toMatch(/ where "post"."status" = 1 and "author"."status" = 1$/)
      })
    })

    describe('insert', () => {
      const six = { id: 6, author_id: 1, title: 'six', views: 60, status: 1 }

      test('puts rows in, live or deleted', async () => {
        await use.db
          .insertInto('post')
          .values([six, { ...six, id: 7, status: 0 }])
          .execute()
        expect(ids(await use.db.selectFrom('post').select('id').execute())).toEqual([1, 3, 4, 6])
        expect(ids(await use.bare.selectFrom('post').select('id').execute())).toEqual([1, 2, 3, 4, 5, 6, 7])
      })

      test('answers the row with RETURNING', async () => {
        const query = use.db.insertInto('post').values({ ...six, status: 0 })
        expect(await query.returningAll().execute()).toEqual([{ ...six, status: 0 }])
      })

      test('takes live rows from a select', async () => {
        const query = use.db
          .insertInto('tag')
          .columns(['id', 'post_id', 'name', 'status'])
          .expression((eb) =>
            eb
              .selectFrom('post')
              .select((post) => [post('id', '+', 10).as('id'), 'post.id as post', 'title', 'status']),
          )
        await query.execute()
        const added = await use.bare.selectFrom('tag').select('id').where('id', '>', 10).execute()
        expect(ids(added)).toEqual([11, 13, 14])
      })

      test('takes live rows from a subquery in VALUES', async () => {
        const title = use.db.selectFrom('post').select('title').where('id', '=', 2)
        const query = use.db
          .insertInto('comment')
          .values({ id: 6, post_id: 2, body: sql`coalesce(${title}, 'gone')`, status: 1 })
        expect(await query.returning('body').execute()).toEqual([{ body: 'gone' }])
      })
    })
  })
}
