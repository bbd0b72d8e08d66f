import { CamelCasePlugin, type Kysely, sql } from 'kysely'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { withDeleted } from '../src/index.js'
import { type Databases, dialects, ids, useDatabase } from './dialects.js'

const MARK = '/* with deleted */'
const allTitles = async ({ bare }: Databases) =>
  (await bare.selectFrom('post').select('title').orderBy('id').execute()).map(({ title }) => title)

for (const dialect of dialects) {
  describe(`withDeleted on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    describe('a marked query', () => {
      const posts = () => use.db.selectFrom('post').select('post.id')

      test('shows deleted rows, and itself as a comment', async () => {
        const query = posts().$call(withDeleted)
        expect(ids(await query.execute())).toEqual([1, 2, 3, 4, 5])
        expect(query.compile().sql).toBe(`select ${MARK} "post"."id" from "post"`)
      })

      test('reaches every table of its level, whatever the join', async () => {
        const inner = posts().innerJoin('author', 'author.id', 'post.author_id')
        expect(ids(await inner.$call(withDeleted).execute())).toEqual([1, 2, 3, 5])
        const left = posts().leftJoin('author', 'author.id', 'post.author_id').select('author.id as author')
        const found = await left.where('post.id', '=', 3).$call(withDeleted).execute()
        expect(found).toEqual([{ id: 3, author: 2 }])
        const right = posts().rightJoin('author', 'author.id', 'post.author_id')
        expect(ids(await right.$call(withDeleted).execute())).toEqual([1, 2, 3, 5])
      })

      test('may stand anywhere in the chain, and with distinct', async () => {
        const query = use.db.selectFrom('post').$call(withDeleted).distinct().select('id').where('id', '<', 3).limit(9)
        expect(ids(await query.execute())).toEqual([1, 2])
      })

      test('does not reach a subquery', async () => {
        const query = posts()
          .where('post.id', 'in', (eb) => eb.selectFrom('comment').select('comment.id'))
          .$call(withDeleted)
        expect(ids(await query.execute())).toEqual([1, 3, 4, 5])
        const from = use.db.selectFrom(posts().as('p')).selectAll().$call(withDeleted)
        expect(ids(await from.execute())).toEqual([1, 3, 4])
      })

      test('does not reach a common table expression', async () => {
        const query = use.db
          .with('p', (db) => db.selectFrom('post').select('post.id'))
          .selectFrom('p')
          .select('p.id')
          .$call(withDeleted)
        expect(ids(await query.execute())).toEqual([1, 3, 4])
      })

      test('does not reach the other part of a union, whichever is marked', async () => {
        const authors = use.db.selectFrom('author').select(sql<number>`id + 10`.as('id'))
        const marked = authors.$call(withDeleted)
        expect(ids(await posts().union(marked).execute())).toEqual([1, 3, 4, 11, 12, 13])
        expect(ids(await posts().union(authors).$call(withDeleted).execute())).toEqual([1, 2, 3, 4, 5, 11, 13])
        expect(ids(await posts().$call(withDeleted).unionAll(authors).execute())).toEqual([1, 2, 3, 4, 5, 11, 13])
      })

      test('does not reach the query around it', async () => {
        const inner = use.db.selectFrom('author').select('author.id').$call(withDeleted)
        expect(ids(await posts().where('author_id', 'in', inner).execute())).toEqual([1, 3])
        const callback = posts().where('author_id', 'in', (eb) =>
          eb.selectFrom('author').select('author.id').$call(withDeleted),
        )
        expect(ids(await callback.execute())).toEqual([1, 3])
        const expression = use.db
          .with('p', (db) => db.selectFrom('post').select(['post.id', 'author_id']).$call(withDeleted))
          .selectFrom('p')
          .innerJoin('author', 'author.id', 'p.author_id')
        expect(ids(await expression.select('p.id').execute())).toEqual([1, 2, 5])
      })

      test('survives nesting', async () => {
        const one = posts().$call(withDeleted)
        const two = use.db.selectFrom(one.as('a')).select('a.id')
        const three = use.db.selectFrom(two.as('b')).select('b.id')
        expect(ids(await three.execute())).toEqual([1, 2, 3, 4, 5])
        const found = await sql<{ id: number }>`select id from (${one}) as p`.execute(use.db)
        expect(ids(found.rows)).toEqual([1, 2, 3, 4, 5])
      })

      test('lets an update change deleted rows', async () => {
        const query = use.db.updateTable('post').set({ title: '' }).where('id', '<', 3).$call(withDeleted)
        expect(query.compile().sql).toContain(MARK)
        expect((await query.executeTakeFirstOrThrow()).numUpdatedRows).toBe(2n)
        expect(await allTitles(use)).toEqual(['', '', 'three', 'four', 'five'])
      })

      test('lets an insert overwrite deleted rows', async () => {
        const query = use.db
          .insertInto('post')
          .values({ id: 2, author_id: 1, title: 'again', views: 0, status: 1 })
          .onConflict((oc) => oc.column('id').doUpdateSet({ title: 'again', status: 1 }))
          .$call(withDeleted)
        expect(await query.returning('id').execute()).toEqual([{ id: 2 }])
        expect(ids(await posts().execute())).toEqual([1, 2, 3, 4])
      })

      test('lets db.deleteFrom delete for good', async () => {
        const query = use.db.deleteFrom('post').where('id', 'in', [1, 2]).$call(withDeleted)
        expect(query.compile().sql).toContain(MARK)
        expect((await query.executeTakeFirstOrThrow()).numDeletedRows).toBe(2n)
        expect(await allTitles(use)).toEqual(['three', 'four', 'five'])
      })

      test.skipIf(dialect.name === 'PostgreSQL')('lets REPLACE through (PostgreSQL has none)', async () => {
        const values = { id: 2, author_id: 1, title: 'again', views: 0, status: 1 }
        await use.db.replaceInto('post').values(values).$call(withDeleted).execute()
        expect(ids(await posts().execute())).toEqual([1, 2, 3, 4])
      })

      test('lets ON DUPLICATE KEY UPDATE through', () => {
        const values = { id: 2, author_id: 1, title: 'again', views: 0, status: 1 }
        const query = use.db.insertInto('post').values(values).onDuplicateKeyUpdate({ title: 'again' })
        expect(query.$call(withDeleted).compile().sql).toMatch(/ on duplicate key update .* \/\* with deleted \*\/$/)
      })

      test.skipIf(!dialect.merge)('lets mergeInto through (SQLite has no MERGE)', async () => {
        const query = use.db
          .mergeInto('post')
          .using('tag', 'post.id', 'tag.post_id')
          .whenMatchedAnd('tag.id', '<', 3)
          .thenUpdateSet({ title: 'merged' })
          .$call(withDeleted)
        expect((await query.executeTakeFirstOrThrow()).numChangedRows).toBe(2n)
        expect(await allTitles(use)).toEqual(['merged', 'merged', 'three', 'four', 'five'])
      })

      test('keeps the type of the query', () => {
        const query = use.db.selectFrom('post').select('post.id')
        expectTypeOf(query.$call(withDeleted)).toEqualTypeOf(query)
        const update = use.db.updateTable('post').set({ views: 0 })
        expectTypeOf(update.$call(withDeleted)).toEqualTypeOf(update)
      })
    })

    describe('before CamelCasePlugin', () => {
      interface Camel {
        post: { id: number; authorId: number | null; title: string; status: number }
        tag: { id: number; postId: number }
      }
      const db = () => use.db.withPlugin(new CamelCasePlugin()) as unknown as Kysely<Camel>

      test('tables are filtered', async () => {
        const query = db().selectFrom('post').select(['id', 'authorId']).orderBy('id')
        expect(await query.execute()).toEqual([
          { id: 1, authorId: 1 },
          { id: 3, authorId: 2 },
          { id: 4, authorId: null },
        ])
      })

      test('withDeleted marks a query, alone and inside another', async () => {
        const marked = db().selectFrom('post').select('post.id').$call(withDeleted)
        expect(ids(await marked.execute())).toEqual([1, 2, 3, 4, 5])
        expect(ids(await db().selectFrom('tag').select('id').where('postId', 'in', marked).execute())).toEqual([
          1, 2, 3,
        ])
        expect(ids(await db().selectFrom(marked.as('p')).select('p.id').execute())).toEqual([1, 2, 3, 4, 5])
      })

      test('withDeleted lets db.deleteFrom through', async () => {
        await expect(db().deleteFrom('post').execute()).rejects.toMatchObject({ code: 'delete_refused' })
        await db().deleteFrom('post').where('authorId', '=', 1).$call(withDeleted).execute()
        expect(await allTitles(use)).toEqual(['three', 'four', 'five'])
      })
    })
  })
}
