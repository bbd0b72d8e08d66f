import { describe, expect, test } from 'vitest'
import { withDeleted } from '../src/index.js'
import { type Databases, deleteFrom, dialects, ids, useDatabase } from './dialects.js'

const postIds = async ({ bare }: Databases) => ids(await bare.selectFrom('post').select('id').execute())

for (const dialect of dialects) {
  describe(`deletes on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    describe('deleteFrom of softDelete', () => {
      test('hides rows and destroys none', async () => {
        const result = await deleteFrom(use.db, 'post').where('id', 'in', [1, 2, 3]).executeTakeFirstOrThrow()
        expect(result.numUpdatedRows).toBe(2n)
        expect(ids(await use.db.selectFrom('post').select('id').execute())).toEqual([4])
        expect(await postIds(use)).toEqual([1, 2, 3, 4, 5])
      })

      test('counts 0 for a row deleted before', async () => {
        const query = deleteFrom(use.db, 'post').where('id', '=', 1)
        expect((await query.executeTakeFirstOrThrow()).numUpdatedRows).toBe(1n)
        expect((await query.executeTakeFirstOrThrow()).numUpdatedRows).toBe(0n)
      })

      test('goes on like an update: RETURNING, FROM, subqueries', async () => {
        const { db } = use
        expect(await deleteFrom(db, 'post').where('id', '<', 3).returning(['id', 'status']).execute()).toEqual([
          { id: 1, status: 0 },
        ])
        const from = deleteFrom(db, 'comment').from('post').whereRef('post.id', '=', 'comment.post_id')
        expect(await from.returning('comment.body as body').where('comment.id', '>', 0).execute()).toEqual([
          { body: 'd' },
        ])
        const inList = deleteFrom(db, 'author').where('id', 'in', (eb) =>
          eb.selectFrom('post').select('post.author_id').where('post.author_id', 'is not', null),
        )
        expect((await inList.executeTakeFirstOrThrow()).numUpdatedRows).toBe(0n)
      })

      test('hides rows of a table in a schema', async () => {
        const { db } = use
        expect(await deleteFrom(db, 'blog.post').returning('id').execute()).toEqual([{ id: 1 }])
        expect(await deleteFrom(db.withSchema('blog'), 'post').returning('id').execute()).toEqual([])
        expect(ids(await db.selectFrom('post').select('id').execute())).toEqual([1, 3, 4])
      })

      test('is undone with its transaction', async () => {
        const transaction = use.db.transaction().execute(async (trx) => {
          await deleteFrom(trx, 'post').execute()
          expect(await trx.selectFrom('post').selectAll().execute()).toEqual([])
          throw new Error('undone')
        })
        await expect(transaction).rejects.toThrow('undone')
        expect(ids(await use.db.selectFrom('post').select('id').execute())).toEqual([1, 3, 4])
      })

      test('follows a common table expression', async () => {
        const busy = use.db.with('busy', (db) => db.selectFrom('tag').select('tag.post_id'))
        const query = deleteFrom(busy, 'post').where('id', 'in', (eb) => eb.selectFrom('busy').select('busy.post_id'))
        expect(await query.returning('id').execute()).toEqual([{ id: 1 }])
      })

      test('refuses a table that is not listed', () => {
        // @ts-expect-error it is not listed
        expect(() => deleteFrom(use.db, 'tag')).toThrow(
          new TypeError('deleteFrom: "tag" is not among the tables given to softDelete; use db.deleteFrom'),
        )
        // @ts-expect-error it is not listed
        expect(() => deleteFrom(use.db, 'blog.tag')).toThrow(TypeError)
      })
    })

    describe('db.deleteFrom of a listed table', () => {
      const refusal = { name: 'SoftDeleteError', code: 'delete_refused', table: 'post' }

      test('is refused, and the error names the table and both ways out', async () => {
        const query = use.db.deleteFrom('post').where('id', '=', 1)
        await expect(query.execute()).rejects.toMatchObject({
          ...refusal,
          message:
            `"post" is soft-deleted, and db.deleteFrom('post') would destroy its rows: use deleteFrom(db, 'post') of ` +
            `softDelete to hide them, or db.deleteFrom('post').$call(withDeleted) to delete them for good`,
        })
        expect(() => query.compile()).toThrow(Error)
        expect(await postIds(use)).toEqual([1, 2, 3, 4, 5])
      })

      test('leaves the plugin as it was for the next query', async () => {
        const { db } = use
        const refused = db.with('post', (tags) => tags.selectFrom('tag').select('tag.id')).deleteFrom('author')
        await expect(refused.execute()).rejects.toMatchObject({ ...refusal, table: 'author' })
        expect(ids(await db.selectFrom('post').select('id').execute())).toEqual([1, 3, 4])
      })

      test('is refused under an alias, a schema and among several tables', async () => {
        const { db } = use
        await expect(db.deleteFrom('post as p').execute()).rejects.toMatchObject(refusal)
        await expect(db.deleteFrom('blog.post').execute()).rejects.toMatchObject({ ...refusal, table: 'blog.post' })
        await expect(db.withSchema('blog').deleteFrom('post').execute()).rejects.toMatchObject({ table: 'blog.post' })
        const several = db.deleteFrom(['tag', 'post']).using(['tag', 'post'])
        await expect(several.execute()).rejects.toMatchObject(refusal)
      })

      test('is refused with USING', async () => {
        const query = use.db.deleteFrom('post').using('tag').whereRef('post.id', '=', 'tag.post_id')
        await expect(query.execute()).rejects.toMatchObject(refusal)
      })

      test('is refused inside a with', async () => {
        const query = use.db.with('gone', (db) => db.deleteFrom('post').returning('id')).selectFrom('gone')
        await expect(query.selectAll().execute()).rejects.toMatchObject(refusal)
        expect(await postIds(use)).toEqual([1, 2, 3, 4, 5])
      })

      test('is refused though WHERE names the column', async () => {
        await expect(use.db.deleteFrom('post').where('status', '=', 0).execute()).rejects.toMatchObject(refusal)
      })

      test('deletes for good with withDeleted', async () => {
        await use.db.deleteFrom('post').where('id', 'in', [1, 2]).$call(withDeleted).execute()
        expect(await postIds(use)).toEqual([3, 4, 5])
      })
    })

    describe('db.deleteFrom of another table', () => {
      const tags = async () => ids(await use.bare.selectFrom('tag').select('id').execute())

      test('deletes', async () => {
        expect((await use.db.deleteFrom('tag').where('id', '=', 1).executeTakeFirstOrThrow()).numDeletedRows).toBe(1n)
        expect(await tags()).toEqual([2, 3])
        expect(await use.db.deleteFrom('tag').where('status', '=', 0).returning('name').execute()).toHaveLength(2)
      })

      test('sees live rows in subqueries', async () => {
        await use.db
          .deleteFrom('tag')
          .where('post_id', 'in', (eb) => eb.selectFrom('post').select('post.id'))
          .execute()
        expect(await tags()).toEqual([2])
      })

      test.skipIf(dialect.name === 'SQLite')('sees live rows in USING (SQLite has none)', async () => {
        const query = use.db.deleteFrom('tag').using('post').whereRef('post.id', '=', 'tag.post_id')
        await query.execute()
        expect(await tags()).toEqual([2])
        await query.where('post.status', '=', 0).execute()
        expect(await tags()).toEqual([])
      })

      test.skipIf(dialect.name === 'SQLite')('sees live rows in joins of USING (SQLite has none)', async () => {
        const left = use.db
          .deleteFrom('tag')
          .using('post as p')
          .leftJoin('author as a', 'a.id', 'p.author_id')
          .whereRef('p.id', '=', 'tag.post_id')
          .where('a.id', 'is', null)
        await left.execute()
        expect(await tags()).toEqual([1, 2, 3])
        const right = use.db
          .deleteFrom('tag')
          .using('post as p')
          .rightJoin('author as a', 'a.id', 'p.author_id')
          .whereRef('a.id', '=', 'tag.id')
          .where('p.id', 'is', null)
        await right.execute()
        expect(await tags()).toEqual([1, 2])
      })
    })
  })
}
