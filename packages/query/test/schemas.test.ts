import { describe, expect, test } from 'vitest'
import { softDelete, withDeleted } from '../src/index.js'
import { dialects, ids, useDatabase } from './dialects.js'

for (const dialect of dialects) {
  describe(`schemas on ${dialect.name}`, () => {
    const use = useDatabase(dialect)

    describe('withSchema', () => {
      const blog = () => use.db.withSchema('blog')

      test('a query of withSchema is filtered, and left alone when it names the column', async () => {
        expect(ids(await blog().selectFrom('post').select('id').execute())).toEqual([1])
        expect(ids(await blog().selectFrom('post').select('id').where('post.status', '=', 0).execute())).toEqual([2])
        expect(ids(await blog().selectFrom('post as p').select('p.id').where('p.status', '=', 0).execute())).toEqual([
          2,
        ])
        expect(ids(await blog().selectFrom('post').select('id').$call(withDeleted).execute())).toEqual([1, 2])
      })

      test('joins of withSchema are filtered', async () => {
        const inner = blog().selectFrom('post as a').innerJoin('post as b', 'b.author_id', 'a.author_id')
        expect(ids(await inner.select('b.id').execute())).toEqual([1])
        const left = blog()
          .selectFrom('post as a')
          .leftJoin('post as b', (join) => join.on('b.id', '=', 2))
        expect(ids(await left.select('b.id').execute())).toEqual([null])
      })

      test('a table without an alias beside a right or full join is refused with a sentence', async () => {
        const refusal = {
          name: 'SoftDeleteError',
          code: 'schema_join_refused',
          table: 'post',
          message:
            '"post" is soft-deleted and stands beside a right or full join under a schema without an alias: ' +
            "give it one, such as 'post as p', or mark the query with $call(withDeleted)",
        }
        const right = blog().selectFrom('post').rightJoin('post as other', 'other.id', 'post.id').select('other.id')
        await expect(right.execute()).rejects.toMatchObject(refusal)
        const full = blog().selectFrom('post as other').fullJoin('post', 'other.id', 'post.id').select('other.id')
        await expect(full.execute()).rejects.toMatchObject(refusal)
        const named = use.db.selectFrom('tag').rightJoin('blog.post', 'blog.post.id', 'tag.id').select('tag.id')
        await expect(named.execute()).rejects.toMatchObject(refusal)
      })

      test('the same with an alias, a mark or the column named is not', async () => {
        const rows = () => blog().selectFrom('post as a').rightJoin('post as b', 'b.id', 'a.id').select('b.id')
        expect(ids(await rows().execute())).toEqual([1])
        const marked = blog().selectFrom('post').rightJoin('post as b', 'b.id', 'post.id').select('b.id')
        expect(ids(await marked.$call(withDeleted).execute())).toEqual([1, 2])
        const named = use.db
          .selectFrom('tag')
          .rightJoin('blog.post', 'blog.post.id', 'tag.id')
          .where('blog.post.status', '=', 0)
        expect(ids(await named.select('tag.id').execute())).toEqual([2])
      })
    })

    describe('a table listed with its schema', () => {
      const { plugin, deleteFrom } = softDelete({ tables: ['blog.post'] })
      const db = () => use.bare.withPlugin(plugin)

      test('is filtered there', async () => {
        expect(ids(await db().selectFrom('blog.post').select('id').execute())).toEqual([1])
        expect(ids(await db().withSchema('blog').selectFrom('post').select('id').execute())).toEqual([1])
        await expect(db().deleteFrom('blog.post').execute()).rejects.toMatchObject({ table: 'blog.post' })
      })

      test('is left alone in another schema', async () => {
        expect(ids(await db().selectFrom('post').select('id').execute())).toEqual([1, 2, 3, 4, 5])
      })

      test('is deleted from by its full name', async () => {
        expect(await deleteFrom(db(), 'blog.post').returning('id').execute()).toEqual([{ id: 1 }])
        // @ts-expect-error the table of no schema is not listed
        expect(() => deleteFrom(db(), 'post')).toThrow(TypeError)
      })
    })
  })
}
