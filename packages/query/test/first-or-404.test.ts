import { describe, expect, expectTypeOf, test } from 'vitest'
import { firstOr404, NotFound, withDeleted } from '../src/index.js'
import { deleteFrom, dialects, useDatabase } from './dialects.js'

for (const dialect of dialects) {
  describe(`firstOr404 on ${dialect.name}`, () => {
    const use = useDatabase(dialect)
    const posts = () => use.db.selectFrom('post').select(['post.id', 'post.title']).orderBy('post.id')

    test('answers the first row and keeps its type', async () => {
      const post = await firstOr404(posts())
      expect(post).toEqual({ id: 1, title: 'one' })
      expectTypeOf(post).toEqualTypeOf<{ id: number; title: string }>()
    })

    test('throws NotFound when a select finds nothing', async () => {
      await expect(firstOr404(posts().where('id', '=', 99))).rejects.toThrow(NotFound)
      await expect(firstOr404(posts().where('id', '=', 2))).rejects.toThrow(NotFound)
      expect(await firstOr404(posts().where('id', '=', 2).$call(withDeleted))).toEqual({ id: 2, title: 'two' })
    })

    test('keeps the type of joined rows', async () => {
      const post = await firstOr404(
        posts().leftJoin('author', 'author.id', 'post.author_id').select('author.name').where('post.id', '=', 3),
      )
      expect(post).toEqual({ id: 3, title: 'three', name: null })
      expectTypeOf(post).toEqualTypeOf<{ id: number; title: string; name: string | null }>()
    })

    test('takes a row of nulls for a row', async () => {
      const query = use.db
        .selectFrom('post')
        .select(({ fn }) => fn.max('post.title').as('last'))
        .where('id', '=', 99)
      expect(await firstOr404(query)).toEqual({ last: null })
    })

    test('takes a union', async () => {
      const union = use.db.selectFrom('post').select('id').union(use.db.selectFrom('author').select('id'))
      const row = await firstOr404(union.orderBy('id', 'desc'))
      expect(row).toEqual({ id: 4 })
      expectTypeOf(row).toEqualTypeOf<{ id: number }>()
      const none = use.db.selectFrom('post').select('id').where('id', '=', 2)
      await expect(firstOr404(none.union(none))).rejects.toThrow(NotFound)
    })

    test('takes an update with RETURNING', async () => {
      const update = use.db.updateTable('post').set({ views: 11 }).returning(['id', 'views'])
      const row = await firstOr404(update.where('id', '=', 1))
      expect(row).toEqual({ id: 1, views: 11 })
      expectTypeOf(row).toEqualTypeOf<{ id: number; views: number }>()
      await expect(firstOr404(update.where('id', '=', 2))).rejects.toThrow(NotFound)
    })

    test('takes an update without RETURNING, which must meet a row', async () => {
      const update = use.db.updateTable('post').set({ views: 11 })
      expect((await firstOr404(update.where('id', '=', 1))).numUpdatedRows).toBe(1n)
      await expect(firstOr404(update.where('id', '=', 2))).rejects.toThrow(NotFound)
    })

    test('takes deleteFrom of softDelete, which must meet a live row', async () => {
      const hide = deleteFrom(use.db, 'post').where('id', '=', 1)
      expect((await firstOr404(hide)).numUpdatedRows).toBe(1n)
      await expect(firstOr404(hide)).rejects.toThrow(NotFound)
    })

    test('takes a delete, with RETURNING and without', async () => {
      const destroy = (id: number) => use.db.deleteFrom('tag').where('id', '=', id)
      expect((await firstOr404(destroy(1))).numDeletedRows).toBe(1n)
      await expect(firstOr404(destroy(1))).rejects.toThrow(NotFound)
      expect(await firstOr404(destroy(2).returning('name'))).toEqual({ name: 'y' })
      await expect(firstOr404(destroy(2).returning('name'))).rejects.toThrow(NotFound)
    })

    test('takes an insert', async () => {
      const values = { id: 6, author_id: null, title: 'six', views: 0, status: 1 }
      expect(await firstOr404(use.db.insertInto('post').values(values).returning('id'))).toEqual({ id: 6 })
      const nothing = use.db
        .insertInto('post')
        .values(values)
        .onConflict((oc) => oc.doNothing())
      await expect(firstOr404(nothing.returning('id'))).rejects.toThrow(NotFound)
    })

    test('takes a common table expression', async () => {
      const busy = use.db.with('busy', (db) => db.selectFrom('post').selectAll().where('views', '>', 30))
      expect((await firstOr404(busy.selectFrom('busy').selectAll())).title).toBe('four')
    })

    test('works in a transaction, and undoes one that does not catch its NotFound', async () => {
      const transaction = use.db.transaction().execute(async (trx) => {
        expect(await firstOr404(trx.updateTable('post').set({ views: 0 }).where('id', '=', 1).returning('id'))).toEqual(
          { id: 1 },
        )
        await firstOr404(trx.selectFrom('post').selectAll().where('id', '=', 2))
      })
      await expect(transaction).rejects.toThrow(NotFound)
      expect((await firstOr404(use.db.selectFrom('post').selectAll().where('id', '=', 1))).views).toBe(10)
    })

    test('passes the errors of the database and of the plugin on', async () => {
      await expect(firstOr404(use.db.deleteFrom('post').where('id', '=', 1))).rejects.toMatchObject({
        code: 'delete_refused',
      })
      // @ts-expect-error there is no such column
      await expect(firstOr404(use.db.selectFrom('post').select('nothing'))).rejects.toThrow(/nothing/)
    })
  })
}
